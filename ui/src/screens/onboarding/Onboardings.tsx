import { Anchor, Button, Group, NativeSelect, SimpleGrid, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api, body } from "../../api/client";
import type { DeviceRecord, Onboarding, OnboardingPage } from "../../api/shapes";
import { Page, Section } from "../../components/Page";
import { ProblemView } from "../../components/Problem";
import { Empty, Query } from "../../components/States";
import { PlainTable } from "../../components/Table";
import { Tag, type Tone } from "../../components/Tags";
import { useSite } from "../../lib/site";
import { product, sentence } from "../../lib/words";
import { useTime } from "../../lib/zone";
import { useWho } from "../../session";

export const TONE: Record<Onboarding["papers"]["state"], Tone> = { filed: "medium", approved: "low", arrived: "medium", configured: "low", checked: "low", released: "good", withdrawn: "info" };

/** What a device that is to come is called. */
export function comingName({ record }: Onboarding["coming"]): string {
  const what = product(record.maker, record.model);
  return record.name || what || record.serial || record.macs?.[0] || "A device";
}

/** Devices that are to come, and how far their papers are. */
export function Onboardings() {
  const { state } = useSearch({ strict: false }) as { state?: string };
  const go = useNavigate();
  const { site } = useSite();
  const { may } = useWho();
  const time = useTime();
  const asked = { site: site?.id, state: state === "all" ? undefined : (state ?? "filed,approved,arrived,configured,checked"), limit: 200 };
  const query = useQuery<OnboardingPage>({ queryKey: ["onboarding", asked], queryFn: () => body(api.GET("/api/onboarding", { params: { query: asked } })) });
  return (
    <Page title="Onboarding" lead="A device is filed before it comes; what comes without papers is a finding. Each step is signed, and stands in the ledger.">
      <Group className="no-print">
        <NativeSelect size="xs" label="Papers" value={state ?? ""} onChange={(event) => void go({ to: "/onboarding", search: { state: event.currentTarget.value || undefined } })} data={[{ value: "", label: "Under way" }, { value: "released", label: "Released" }, { value: "withdrawn", label: "Withdrawn" }, { value: "all", label: "All" }]} />
      </Group>
      <Query query={query} what="papers">
        {({ items }) => items.length === 0 ? <Empty title="No papers">{may("onboard") ? "File below what is to come." : "Clinical engineering or IT security files what is to come."}</Empty> : (
          <PlainTable label="Papers" head={["Device", "Unit", "State", "Next", "Filed by", "Filed"]}>
            {items.map((one) => (
              <tr key={one.id}>
                <td><Anchor component={Link} to="/onboarding/$id" params={{ id: one.id } as never} size="sm">{comingName(one.coming)}</Anchor></td>
                <td>{one.coming.record.unit ?? "Unknown"}</td>
                <td><Tag tone={TONE[one.papers.state]}>{sentence(one.papers.state)}</Tag></td>
                <td>{one.next ? sentence(one.next) : ""}{one.next && one.may_sign.includes(one.next) ? " (by you)" : ""}</td>
                <td>{one.papers.filed.name}</td>
                <td>{time.full(one.created)}</td>
              </tr>
            ))}
          </PlainTable>
        )}
      </Query>
      {may("onboard") && (site ? <File site={site.id} /> : <Text size="sm">To file a device, choose a site at the top of the page.</Text>)}
    </Page>
  );
}

const FIELDS: [field: keyof DeviceRecord, label: string][] = [["maker", "Maker"], ["model", "Model"], ["serial", "Serial number"], ["macs", "MAC addresses"], ["unit", "Unit"], ["room", "Room"], ["clinical_owner", "Clinical engineering owner"], ["it_owner", "IT owner"], ["vendor", "Vendor"]];

function File({ site }: { site: string }) {
  const queries = useQueryClient();
  const go = useNavigate();
  const [form, setForm] = useState<Record<string, string>>({});
  const file = useMutation({
    mutationFn: () => {
      const record = Object.fromEntries(FIELDS.map(([field]) => [field, form[field]?.trim() ?? ""]).filter(([, value]) => value).map(([field, value]) => [field, field === "macs" ? (value as string).split(/[\s,;]+/) : value])) as unknown as DeviceRecord;
      return body<Onboarding>(api.POST("/api/onboarding", { body: { site, coming: { record, needs: form.needs ?? "", expected_on: form.expected_on || null, class: null } } }));
    },
    onSuccess: (made) => {
      void queries.invalidateQueries({ queryKey: ["onboarding"] });
      void go({ to: "/onboarding/$id", params: { id: made.id } as never });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    file.mutate();
  };
  const set = (field: string) => (event: { currentTarget: { value: string } }) => setForm({ ...form, [field]: event.currentTarget.value });
  return (
    <Section title="File a device that is to come" lead="It needs a MAC address, a serial number or a model to be known by when it appears.">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <SimpleGrid cols={{ base: 1, sm: 2, md: 3 }} spacing="sm">
            {FIELDS.map(([field, label]) => <TextInput key={field} size="xs" label={label} value={form[field] ?? ""} onChange={set(field)} />)}
            <TextInput size="xs" type="date" label="Expected on" value={form.expected_on ?? ""} onChange={set("expected_on")} />
          </SimpleGrid>
          <Textarea size="xs" label="What it needs of the network" description="To whom it will talk, and why" autosize minRows={2} maxRows={8} maxLength={2000} value={form.needs ?? ""} onChange={set("needs")} />
          {file.error && <ProblemView error={file.error} />}
          <Group><Button type="submit" loading={file.isPending}>File it</Button></Group>
        </Stack>
      </form>
    </Section>
  );
}
