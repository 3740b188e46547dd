import { Button, Checkbox, Group, NumberInput, Stack, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, body, withTag } from "../../api/client";
import type { components } from "../../api/generated/hub";
import type { Provider, Role, SignIn } from "../../api/shapes";
import { Section } from "../../components/Page";
import { ProblemView } from "../../components/Problem";
import { Query } from "../../components/States";
import { PlainTable } from "../../components/Table";
import { useAct } from "../../lib/acting";
import { sentence } from "../../lib/words";
import { ROLES, useTenants } from "./places";

/** How people sign in, and where else they may. */
export function SignInSettings() {
  const query = useQuery({ queryKey: ["settings", "sign-in"], queryFn: () => withTag<SignIn>(api.GET("/api/settings/sign-in", {})) });
  return (
    <Stack gap="md">
      <Query query={query} what="settings">{({ data, tag }) => <Form key={tag} settings={data} tag={tag ?? ""} />}</Query>
      <Providers />
    </Stack>
  );
}

function Form({ settings, tag }: { settings: SignIn; tag: string }) {
  const [form, setForm] = useState(settings);
  const save = useAct(() => body(api.PUT("/api/settings/sign-in", { params: { header: { "If-Match": tag } }, body: form })), [["settings", "sign-in"]]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  const limit = (role: Role, of: "idle_minutes" | "absolute_hours", value: string | number) =>
    setForm({ ...form, sessions: form.sessions.map((one) => (one.role === role ? { ...one, [of]: Number(value) } : one)) });
  const step = (role: Role, is: boolean) => setForm({ ...form, second_step: is ? [...form.second_step, role] : form.second_step.filter((one) => one !== role) });
  return (
    <Section title="Sign-in" lead="Who needs a second step, and how long sessions last. Of several roles the stricter holds.">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput label="Address of the hub" description="As people type it. Passkeys and sign-in elsewhere need it." placeholder="https://hub.clinic.example" value={form.address ?? ""} onChange={(event) => setForm({ ...form, address: event.currentTarget.value || null })} />
          <PlainTable label="Sign-in by role" head={["Role", "Second step", "Ends when not used, minutes", "Ends after, hours"]}>
            {ROLES.map((role) => {
              const held = form.sessions.find((one) => one.role === role);
              const name = sentence(role);
              return (
                <tr key={role}>
                  <td>{name}</td>
                  <td><Checkbox aria-label={`${name} needs a second step`} checked={form.second_step.includes(role)} onChange={(event) => step(role, event.currentTarget.checked)} /></td>
                  <td><NumberInput aria-label={`${name}: minutes until it ends when not used`} min={5} max={1440} w={110} value={held?.idle_minutes} onChange={(value) => limit(role, "idle_minutes", value)} /></td>
                  <td><NumberInput aria-label={`${name}: hours until it ends`} min={1} max={168} w={110} value={held?.absolute_hours} onChange={(value) => limit(role, "absolute_hours", value)} /></td>
                </tr>
              );
            })}
          </PlainTable>
          {save.error !== null && <ProblemView error={save.error} />}
          <Group><Button type="submit" loading={save.isPending}>Save sign-in</Button></Group>
        </Stack>
      </form>
    </Section>
  );
}

const key = ["settings", "providers"];

function Providers() {
  const query = useQuery({ queryKey: key, queryFn: () => withTag<Provider[]>(api.GET("/api/settings/providers", {})) });
  return (
    <Section title="Sign-in elsewhere" lead="Providers of OpenID Connect, such as Entra ID, Google or Keycloak. Register there the address of the hub followed by /api/session/oidc-return.">
      <Query query={query} what="providers">
        {({ data, tag }) => (
          <Stack gap="sm">
            {data.map((one) => <Kept key={one.id} one={one} all={data} tag={tag ?? ""} />)}
            <AddProvider all={data} tag={tag ?? ""} />
          </Stack>
        )}
      </Query>
    </Section>
  );
}

type NewProvider = components["schemas"]["NewProvider"];
const put = (tag: string, all: NewProvider[]) => body(api.PUT("/api/settings/providers", { params: { header: { "If-Match": tag } }, body: all }));

function Kept({ one, all, tag }: { one: Provider; all: Provider[]; tag: string }) {
  const remove = useAct(() => put(tag, all.filter(({ id }) => id !== one.id)), [key]);
  return (
    <div>
      <Group gap="sm">
        <span><b>{one.name}</b> ({one.issuer}){one.has_second_step ? ", asks for a second step" : ""}{one.links_by_mail ? ", knows people by their verified mail" : ""}</span>
        <Button size="compact-xs" variant="subtle" loading={remove.isPending} onClick={() => remove.mutate()}>Remove {one.name}</Button>
      </Group>
      {remove.error !== null && <ProblemView error={remove.error} />}
    </div>
  );
}

function AddProvider({ all, tag }: { all: Provider[]; tag: string }) {
  const tenants = useTenants();
  const blank = { id: "", name: "", issuer: "", client_id: "", client_secret: "", scopes: ["email", "profile"], tenant: "", links_by_mail: false, has_second_step: false };
  const [form, setForm] = useState(blank);
  const tenant = form.tenant || tenants.data?.[0]?.id || "";
  const add = useAct(() => put(tag, [...all, { ...form, tenant, client_secret: form.client_secret || null }]), [key], () => setForm(blank));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  const text = (of: "id" | "name" | "issuer" | "client_id" | "client_secret") => ({ value: form[of], autoComplete: "off", onChange: (event: FormEvent<HTMLInputElement>) => setForm({ ...form, [of]: event.currentTarget.value }) });
  return (
    <details>
      <summary>Add a provider</summary>
      <form onSubmit={submit}>
        <Stack gap="sm" mt="xs">
          <Group gap="sm" align="flex-end">
            <TextInput label="Short name" required pattern="[a-z0-9\-]{1,40}" {...text("id")} />
            <TextInput label="What the button says" required {...text("name")} />
            <TextInput label="Issuer" required type="url" placeholder="https://login.example/tenant" {...text("issuer")} />
            <TextInput label="Client id" required {...text("client_id")} />
            <TextInput label="Client secret" type="password" {...text("client_secret")} />
          </Group>
          <Checkbox label="Who comes the first time is known by the verified mail" checked={form.links_by_mail} onChange={(event) => setForm({ ...form, links_by_mail: event.currentTarget.checked })} />
          <Checkbox label="The provider asks everybody for a second step" checked={form.has_second_step} onChange={(event) => setForm({ ...form, has_second_step: event.currentTarget.checked })} />
          {add.error !== null && <ProblemView error={add.error} />}
          <Group><Button type="submit" variant="default" loading={add.isPending}>Add the provider</Button></Group>
        </Stack>
      </form>
    </details>
  );
}
