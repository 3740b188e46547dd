import { Button, Checkbox, Group, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, body } from "../../api/client";
import type { Person, Role, Tenant } from "../../api/shapes";
import { Once } from "../../components/Once";
import { Section } from "../../components/Page";
import { ProblemView } from "../../components/Problem";
import { Empty, Query } from "../../components/States";
import { Tag } from "../../components/Tags";
import { useAct } from "../../lib/acting";
import { sentence } from "../../lib/words";
import { useTime } from "../../lib/zone";
import { useWho } from "../../session";
import { RoleChoice, roleText, useTenants } from "./places";

const KEY = ["people"];

/** Who may sign in, and as what. */
export function People() {
  const query = useQuery({ queryKey: KEY, queryFn: () => body<Person[]>(api.GET("/api/people", {})) });
  const tenants = useTenants();
  return (
    <Query query={tenants} what="tenants">
      {(tenants) => (
        <Stack gap="md">
          <Add tenants={tenants} />
          <Query query={query} what="people">
            {(people) => (people.length === 0 ? <Empty title="Nobody is here" /> : <>{people.map((person) => <One key={person.id} person={person} tenants={tenants} />)}</>)}
          </Query>
        </Stack>
      )}
    </Query>
  );
}

function Add({ tenants }: { tenants: Tenant[] }) {
  const managed = tenants.filter((tenant) => tenant.is_managed);
  const [name, setName] = useState("");
  const [login, setLogin] = useState("");
  const [email, setEmail] = useState("");
  const [tenant, setTenant] = useState(managed[0]?.id ?? "");
  const [role, setRole] = useState<Role>("clinical_engineering");
  const [site, setSite] = useState("");
  const add = useAct(
    () => body<{ code: string; until: string }>(api.POST("/api/people", { body: { name, login, email, tenant, roles: [{ role, tenant, site: site || undefined }] } })),
    [KEY],
    () => {
      setName("");
      setLogin("");
      setEmail("");
    },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <Section title="Add somebody" lead="They choose their password with the code that you hand over. Add one account for each person: shared ones tell nobody who did it.">
      <form onSubmit={submit}>
        <Group align="flex-end" gap="sm">
          <TextInput label="Name" required maxLength={200} value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <TextInput label="Account" required maxLength={100} autoComplete="off" value={login} onChange={(event) => setLogin(event.currentTarget.value)} />
          <TextInput label="E-mail" type="email" maxLength={200} autoComplete="off" value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
          {managed.length > 1 && <NativeSelect label="Tenant" value={tenant} onChange={(event) => { setTenant(event.currentTarget.value); setSite(""); }} data={managed.map((one) => ({ value: one.id, label: one.name }))} />}
          <RoleChoice tenant={tenant} role={role} site={site} setRole={setRole} setSite={setSite} />
          <Button type="submit" loading={add.isPending}>Add</Button>
        </Group>
      </form>
      {add.error !== null && <ProblemView error={add.error} />}
      {add.data && <Code {...add.data} />}
    </Section>
  );
}

function Code({ code, until }: { code: string; until: string }) {
  const time = useTime();
  return <Once title="Code of the invitation" text={code}>Hand it over in person or by telephone, not by a way that others read. At sign-in: “I have a code”. It works once, until {time.full(until)}.</Once>;
}

function One({ person, tenants }: { person: Person; tenants: Tenant[] }) {
  const time = useTime();
  const { session, may } = useWho();
  const isOwn = person.id === session.person;
  const isHome = may("manage_people") && tenants.some((tenant) => tenant.id === person.tenant && tenant.is_managed);
  const steps = person.second_steps.map((step) => ({ totp: "app", passkey: "passkey", recovery: "recovery codes" })[step] ?? step).join(", ");
  return (
    <Section
      title={person.name}
      lead={<>{person.login}{person.email && `, ${person.email}`} {!person.is_active && <Tag tone="low">May not sign in</Tag>}{!person.has_password && person.is_active && <Tag tone="info">Invited</Tag>}</>}
    >
      <dl className="facts">
        <dt>Roles</dt>
        <dd>{person.roles.length === 0 ? "none" : person.roles.map((held) => <Held key={roleText(held, tenants, session.sites)} person={person} held={held} tenants={tenants} />)}</dd>
        <dt>Second step</dt>
        <dd>{steps || (person.exception ? `not needed until ${time.full(person.exception.until)}: ${person.exception.reason}` : "none")}</dd>
      </dl>
      <Stack gap="xs" mt="sm" className="no-print">
        <Give person={person} tenants={tenants} />
        {isHome && !isOwn && <Help person={person} />}
      </Stack>
    </Section>
  );
}

function Held({ person, held, tenants }: { person: Person; held: Person["roles"][number]; tenants: Tenant[] }) {
  const { session } = useWho();
  const text = roleText(held, tenants, session.sites);
  const take = useAct(() => body(api.DELETE("/api/people/{id}/roles", { params: { path: { id: person.id } }, body: { role: held.role, tenant: held.tenant, site: held.site ?? undefined } })), [KEY, ["session"]]);
  return (
    <div>
      <Group gap="xs">
        <span>{text}</span>
        <Button size="compact-xs" variant="subtle" loading={take.isPending} aria-label={`Take ${text} from ${person.name}`} onClick={() => take.mutate()}>Take</Button>
      </Group>
      {take.error !== null && <ProblemView error={take.error} />}
    </div>
  );
}

function Give({ person, tenants }: { person: Person; tenants: Tenant[] }) {
  const managed = tenants.filter((tenant) => tenant.is_managed);
  const [tenant, setTenant] = useState(managed[0]?.id ?? "");
  const [role, setRole] = useState<Role>("clinical_engineering");
  const [site, setSite] = useState("");
  const give = useAct(() => body(api.POST("/api/people/{id}/roles", { params: { path: { id: person.id } }, body: { role, tenant, site: site || undefined } })), [KEY, ["session"]]);
  return (
    <details>
      <summary>Give a role</summary>
      <Group align="flex-end" gap="sm" mt="xs">
        {managed.length > 1 && <NativeSelect label="Tenant" value={tenant} onChange={(event) => { setTenant(event.currentTarget.value); setSite(""); }} data={managed.map((one) => ({ value: one.id, label: one.name }))} />}
        <RoleChoice tenant={tenant} role={role} site={site} setRole={setRole} setSite={setSite} />
        <Button variant="default" loading={give.isPending} onClick={() => give.mutate()}>Give {sentence(role).toLowerCase()}</Button>
      </Group>
      {give.error !== null && <ProblemView error={give.error} />}
    </details>
  );
}

/** What is done for somebody who lost something, or who leaves. */
function Help({ person }: { person: Person }) {
  const [forgets, setForgets] = useState(false);
  const [reason, setReason] = useState("");
  const [days, setDays] = useState("30");
  const path = { params: { path: { id: person.id } } };
  const invite = useAct(() => body<{ code: string; until: string }>(api.POST("/api/people/{id}/invitation", { ...path, body: { forgets_second_steps: forgets } })), [KEY]);
  const active = useAct(() => body(api.PATCH("/api/people/{id}", { params: { ...path.params, header: { "If-Match": person.etag } }, body: { is_active: !person.is_active } })), [KEY]);
  const except = useAct(() => {
    const until = new Date(Date.now() + Number(days) * 86_400_000).toISOString();
    return body(api.PUT("/api/people/{id}/exception", { ...path, body: { reason, until } }));
  }, [KEY]);
  const end = useAct(() => body(api.DELETE("/api/people/{id}/exception", path)), [KEY]);
  const error = invite.error ?? active.error ?? except.error ?? end.error;
  return (
    <details>
      <summary>Help, or let go</summary>
      <Stack gap="sm" mt="xs">
        <Group align="center" gap="sm">
          <Button variant="default" size="xs" loading={invite.isPending} onClick={() => invite.mutate()}>Invite to choose a password</Button>
          <Checkbox label="The phone is lost: forget app, passkeys and recovery codes" checked={forgets} onChange={(event) => setForgets(event.currentTarget.checked)} />
        </Group>
        {invite.data && <Code {...invite.data} />}
        {person.exception ? (
          <Group><Button variant="default" size="xs" loading={end.isPending} onClick={() => end.mutate()}>Ask for a second step again</Button></Group>
        ) : (
          <Group align="flex-end" gap="sm">
            <TextInput label="Do without a second step, because" minLength={10} maxLength={2000} value={reason} onChange={(event) => setReason(event.currentTarget.value)} style={{ flex: "1 1 240px" }} />
            <NativeSelect label="For" value={days} onChange={(event) => setDays(event.currentTarget.value)} data={[{ value: "7", label: "a week" }, { value: "30", label: "30 days" }, { value: "90", label: "90 days" }]} />
            <Button variant="default" size="xs" disabled={reason.trim().length < 10} loading={except.isPending} onClick={() => except.mutate()}>Make an exception</Button>
          </Group>
        )}
        <Group>
          <Button size="xs" variant="default" loading={active.isPending} onClick={() => active.mutate()}>{person.is_active ? `Let ${person.name} go: end every session and token` : `Let ${person.name} sign in again`}</Button>
        </Group>
        {person.is_active && <Text size="xs" c="dimmed">The account stays, since the ledger speaks of it.</Text>}
      </Stack>
      {error !== null && error !== undefined && <ProblemView error={error} />}
    </details>
  );
}
