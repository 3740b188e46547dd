import { Button, Checkbox, Group, NumberInput, Radio, Stack, Text, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, Fragment, useState } from "react";
import { api, body } from "../../api/client";
import type { Glass, Right } from "../../api/shapes";
import { Page, Section } from "../../components/Page";
import { ProblemView } from "../../components/Problem";
import { Empty, Query } from "../../components/States";
import { Tag } from "../../components/Tags";
import { useAct } from "../../lib/acting";
import { useSite } from "../../lib/site";
import { sentence } from "../../lib/words";
import { useTime } from "../../lib/zone";
import { useWho } from "../../session";
import { BREAKABLE } from "./rights";

const CHANGES = [["glass"], ["session"]];

/** Rights at once, for a reason; and the reviews that are owed. */
export function BreakGlass() {
  const { session, may } = useWho();
  const query = useQuery({ queryKey: ["glass"], queryFn: () => body<Glass[]>(api.GET("/api/break-glass", {})), refetchInterval: 30_000 });
  return (
    <Page title="Break-glass" lead="Where care depends on something that your role does not allow. It holds at once, everybody concerned is told, everything you do is marked, it ends by itself, and somebody else reviews it.">
      {may("break_glass") && !session.break_glass && <Begin />}
      <Query query={query} what="break-glass">
        {(all) => (all.length === 0 ? <Empty title="Nobody has broken the glass" /> : <Stack gap="md">{all.map((one) => <Shown key={one.id} one={one} />)}</Stack>)}
      </Query>
    </Page>
  );
}

function Begin() {
  const { site } = useSite();
  const [reason, setReason] = useState("");
  const [minutes, setMinutes] = useState<string | number>(60);
  const [rights, setRights] = useState<string[]>([]);
  const begin = useAct(
    () => body(api.POST("/api/break-glass", { body: { site: site?.id ?? "", reason, minutes: Number(minutes), rights: rights as Right[] } })),
    CHANGES,
    () => {
      setReason("");
      setRights([]);
    },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    begin.mutate();
  };
  return (
    <Section title="Take rights now" lead={site ? `At ${site.name}.` : "Choose a site first, at the top of the page."}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Textarea label="Why" description="What happens, and what care needs. At least ten characters." required minLength={10} maxLength={2000} autosize minRows={2} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
          <Checkbox.Group label="What you need" value={rights} onChange={setRights}>
            <Group gap="sm" mt={4}>{BREAKABLE.map((right) => <Checkbox key={right} value={right} label={sentence(right)} />)}</Group>
          </Checkbox.Group>
          <NumberInput label="For how long, minutes" description="The site's settings bound it." min={1} max={720} w={200} value={minutes} onChange={setMinutes} />
          {begin.error !== null && <ProblemView error={begin.error} />}
          <Group><Button type="submit" color="red.9" loading={begin.isPending} disabled={!site || rights.length === 0}>Break the glass</Button></Group>
        </Stack>
      </form>
    </Section>
  );
}

function Shown({ one }: { one: Glass }) {
  const time = useTime();
  const { session, may } = useWho();
  const end = useAct(() => body(api.POST("/api/break-glass/{id}/end", { params: { path: { id: one.id } } })), CHANGES);
  const isOwn = one.id === session.break_glass;
  const site = session.sites.find(({ id }) => id === one.site)?.name ?? one.site;
  const facts: [string, string][] = [
    ["Why", one.reason],
    ["Rights", one.rights.map(sentence).join(", ")],
    ["Where", site],
    [one.is_running ? "Ends" : "Ended", time.full(one.ends)],
    ["Review", one.review ? `${one.review.is_proper ? "proper" : "not proper"}, by ${one.review.by}, ${time.full(one.review.at)}: ${one.review.note}` : `owed until ${time.full(one.review_due)}`],
  ];
  return (
    <Section
      title={`${one.who}, ${time.full(one.begun)}`}
      lead={<>{one.is_running && <Tag tone="critical">Running</Tag>}{one.is_overdue && <Tag tone="high">Review is late</Tag>}{one.review && !one.review.is_proper && <Tag tone="high">Not proper</Tag>}</>}
      actions={one.is_running && (isOwn || may("manage_people")) ? <Button size="xs" variant="default" loading={end.isPending} onClick={() => end.mutate()}>End it now</Button> : undefined}
    >
      <dl className="facts">{facts.map(([name, value]) => <Fragment key={name}><dt>{name}</dt><dd>{value}</dd></Fragment>)}</dl>
      {end.error !== null && <ProblemView error={end.error} />}
      {!one.is_running && !one.review && may("review_break_glass") && <Review one={one} />}
    </Section>
  );
}

function Review({ one }: { one: Glass }) {
  const [note, setNote] = useState("");
  const [proper, setProper] = useState("");
  const review = useAct(() => body(api.POST("/api/break-glass/{id}/review", { params: { path: { id: one.id } }, body: { is_proper: proper === "yes", note } })), CHANGES);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    review.mutate();
  };
  return (
    <details>
      <summary>Review it</summary>
      <form onSubmit={submit}>
        <Stack gap="sm" mt="xs">
          <Text size="sm">See in the ledger what was done under it. Nobody reviews their own.</Text>
          <Radio.Group label="Was it used as it should be?" required value={proper} onChange={setProper}>
            <Group gap="md" mt={4}><Radio value="yes" label="Yes" /><Radio value="no" label="No" /></Group>
          </Radio.Group>
          <Textarea label="What was found" required minLength={10} maxLength={2000} autosize minRows={2} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
          {review.error !== null && <ProblemView error={review.error} />}
          <Group><Button type="submit" loading={review.isPending} disabled={proper === ""}>Close the review</Button></Group>
        </Stack>
      </form>
    </details>
  );
}
