import { Button, Group, NativeSelect, Stack, Textarea, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { api, body } from "../../api/client";
import type { FullSite, Tenant } from "../../api/shapes";
import { Section } from "../../components/Page";
import { ProblemView } from "../../components/Problem";
import { Query } from "../../components/States";
import { useAct } from "../../lib/acting";
import { useWho } from "../../session";
import { useSites, useTenants } from "./places";

const KEYS = [["sites"], ["tenants"], ["session"]];
const zones = () => Intl.supportedValuesOf("timeZone");
const split = (text: string) => text.split(/[\s,;]+/).filter(Boolean);

/** Sites and the networks that are inside; tenants, for who serves several. */
export function Sites() {
  const { may } = useWho();
  const tenants = useTenants();
  const sites = useSites();
  return (
    <Query query={tenants} what="tenants">
      {(tenants) => (
        <Stack gap="md">
          <Query query={sites} what="sites">
            {(sites) => <>{sites.map((site) => <One key={site.etag} site={site} tenant={tenants.find((one) => one.id === site.tenant)} />)}</>}
          </Query>
          <AddSite tenants={tenants.filter((one) => one.is_managed)} />
          {may("manage_hub") && <AddTenant />}
        </Stack>
      )}
    </Query>
  );
}

function One({ site, tenant }: { site: FullSite; tenant: Tenant | undefined }) {
  const [name, setName] = useState(site.name);
  const [zone, setZone] = useState(site.time_zone);
  const [networks, setNetworks] = useState(site.networks.join("\n"));
  const save = useAct(
    () => body(api.PATCH("/api/sites/{id}", { params: { path: { id: site.id }, header: { "If-Match": site.etag } }, body: { name, time_zone: zone, networks: split(networks) } })),
    KEYS,
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Section title={site.name} lead={tenant?.name}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Group gap="sm" align="flex-end">
            <TextInput label="Name" required maxLength={200} value={name} onChange={(event) => setName(event.currentTarget.value)} />
            <NativeSelect label="Time zone" value={zone} onChange={(event) => setZone(event.currentTarget.value)} data={zones().includes(zone) ? zones() : [zone, ...zones()]} />
          </Group>
          <Textarea label="Networks inside" description="One a line, such as 10.20.0.0/16. Empty: every private network. What was observed is judged by them anew." autosize minRows={2} value={networks} onChange={(event) => setNetworks(event.currentTarget.value)} />
          {save.error !== null && <ProblemView error={save.error} />}
          {tenant?.is_managed && <Group><Button type="submit" variant="default" loading={save.isPending}>Save {site.name}</Button></Group>}
        </Stack>
      </form>
    </Section>
  );
}

function AddSite({ tenants }: { tenants: Tenant[] }) {
  const [tenant, setTenant] = useState(tenants[0]?.id ?? "");
  const [name, setName] = useState("");
  const [zone, setZone] = useState(Intl.DateTimeFormat().resolvedOptions().timeZone);
  const add = useAct(() => body(api.POST("/api/sites", { body: { tenant, name, time_zone: zone, networks: [] } })), KEYS, () => setName(""));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <Section title="Add a site" lead="A place with its own networks, sensors and people.">
      <form onSubmit={submit}>
        <Group align="flex-end" gap="sm">
          {tenants.length > 1 && <NativeSelect label="Tenant" value={tenant} onChange={(event) => setTenant(event.currentTarget.value)} data={tenants.map((one) => ({ value: one.id, label: one.name }))} />}
          <TextInput label="Name of the new site" required maxLength={200} value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <NativeSelect label="Its time zone" value={zone} onChange={(event) => setZone(event.currentTarget.value)} data={zones().includes(zone) ? zones() : [zone, ...zones()]} />
          <Button type="submit" loading={add.isPending}>Add the site</Button>
        </Group>
      </form>
      {add.error !== null && <ProblemView error={add.error} />}
    </Section>
  );
}

function AddTenant() {
  const [name, setName] = useState("");
  const add = useAct(() => body(api.POST("/api/tenants", { body: { name } })), KEYS, () => setName(""));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <Section title="Add a tenant" lead="Another organisation that this hub serves. No tenant sees another. You are its first administrator, until you give that up.">
      <form onSubmit={submit}>
        <Group align="flex-end" gap="sm">
          <TextInput label="Name of the tenant" required maxLength={200} value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <Button type="submit" loading={add.isPending}>Add the tenant</Button>
        </Group>
      </form>
      {add.error !== null && <ProblemView error={add.error} />}
    </Section>
  );
}
