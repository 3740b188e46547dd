import { Button, Checkbox, Group, NumberInput, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, body, withTag } from "../../api/client";
import type { Right, Sealed } from "../../api/shapes";
import { Once } from "../../components/Once";
import { Section } from "../../components/Page";
import { ProblemView } from "../../components/Problem";
import { Empty, Query } from "../../components/States";
import { PlainTable } from "../../components/Table";
import { Tag } from "../../components/Tags";
import { useAct } from "../../lib/acting";
import { useSite } from "../../lib/site";
import { sentence } from "../../lib/words";
import { useTime } from "../../lib/zone";
import { BREAKABLE } from "../glass/rights";

/** How break-glass is set at a site, and the credentials that lie sealed on its wards. */
export function Wards() {
  const { site } = useSite();
  if (!site) return <Empty title="Choose a site first">Break-glass is set site by site; choose one at the top of the page.</Empty>;
  return (
    <Stack gap="md">
      <Bounds key={site.id} site={site.id} name={site.name} />
      <SealedOnes site={site.id} />
    </Stack>
  );
}

function Bounds({ site, name }: { site: string; name: string }) {
  const of = { params: { query: { site } } };
  const query = useQuery({ queryKey: ["settings", "glass", site], queryFn: () => withTag<{ most_minutes: number; review_hours: number }>(api.GET("/api/settings/break-glass", of)) });
  return (
    <Section title={`Break-glass at ${name}`} lead="How long rights hold at most, and when somebody else must have reviewed it.">
      <Query query={query} what="settings">{({ data, tag }) => <Form key={tag} site={site} tag={tag ?? ""} {...data} />}</Query>
    </Section>
  );
}

function Form({ site, tag, most_minutes, review_hours }: { site: string; tag: string; most_minutes: number; review_hours: number }) {
  const [minutes, setMinutes] = useState<string | number>(most_minutes);
  const [hours, setHours] = useState<string | number>(review_hours);
  const save = useAct(
    () => body(api.PUT("/api/settings/break-glass", { params: { query: { site }, header: { "If-Match": tag } }, body: { most_minutes: Number(minutes), review_hours: Number(hours) } })),
    [["settings", "glass"]],
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Group align="flex-end" gap="sm">
        <NumberInput label="Longest, minutes" min={5} max={720} value={minutes} onChange={setMinutes} />
        <NumberInput label="Review owed within, hours" min={1} max={720} value={hours} onChange={setHours} />
        <Button type="submit" variant="default" loading={save.isPending}>Save break-glass</Button>
      </Group>
      {save.error !== null && <ProblemView error={save.error} />}
    </form>
  );
}

const KEY = ["sealed"];

function SealedOnes({ site }: { site: string }) {
  const time = useTime();
  const query = useQuery({ queryKey: KEY, queryFn: () => body<Sealed[]>(api.GET("/api/sealed", {})) });
  return (
    <Section title="Credentials sealed on wards" lead="A code on paper, in a sealed envelope, for a night when nobody with an account is at hand. It opens once; who opens it gives a name and a reason.">
      <Query query={query} what="sealed credentials">
        {(all) => {
          const here = all.filter((one) => one.site === site);
          return here.length === 0 ? (
            <Text size="sm" c="dimmed">None lies on a ward of this site.</Text>
          ) : (
            <PlainTable label="Sealed credentials" head={["Where", "State", "Rights", "Minutes", "Made", ""]}>
              {here.map((one) => (
                <tr key={one.id}>
                  <td>{one.label}</td>
                  <td><Tag tone={one.state === "sealed" ? "good" : "low"}>{sentence(one.state)}</Tag></td>
                  <td>{one.rights.map(sentence).join(", ")}</td>
                  <td className="number">{one.minutes}</td>
                  <td>{time.full(one.created)} by {one.made_by}</td>
                  <td>{one.state === "sealed" && <Withdraw one={one} />}</td>
                </tr>
              ))}
            </PlainTable>
          );
        }}
      </Query>
      <Make site={site} />
    </Section>
  );
}

function Withdraw({ one }: { one: Sealed }) {
  const withdraw = useAct(() => body(api.DELETE("/api/sealed/{id}", { params: { path: { id: one.id } } })), [KEY]);
  return <Button size="compact-xs" variant="default" loading={withdraw.isPending} aria-label={`Withdraw the one at ${one.label}`} onClick={() => withdraw.mutate()}>Withdraw</Button>;
}

function Make({ site }: { site: string }) {
  const [label, setLabel] = useState("");
  const [minutes, setMinutes] = useState<string | number>(60);
  const [rights, setRights] = useState<string[]>(["view_inventory", "view_findings", "work_findings"]);
  const make = useAct(() => body<{ code: string }>(api.POST("/api/sealed", { body: { site, label, minutes: Number(minutes), rights: rights as Right[] } })), [KEY], () => setLabel(""));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm" mt="sm">
        <Group align="flex-end" gap="sm">
          <TextInput label="Where it will lie" placeholder="Ward 3, key cabinet" required maxLength={200} value={label} onChange={(event) => setLabel(event.currentTarget.value)} />
          <NumberInput label="Rights hold, minutes" min={5} max={720} value={minutes} onChange={setMinutes} />
        </Group>
        <Checkbox.Group label="Rights" value={rights} onChange={setRights}>
          <Group gap="sm" mt={4}>{BREAKABLE.map((right) => <Checkbox key={right} value={right} label={sentence(right)} />)}</Group>
        </Checkbox.Group>
        {make.error !== null && <ProblemView error={make.error} />}
        <Group><Button type="submit" loading={make.isPending} disabled={rights.length === 0}>Make a credential</Button></Group>
        {make.data && <Once title="Print this, and seal it" text={make.data.code}>At sign-in: “I have a code”.</Once>}
      </Stack>
    </form>
  );
}
