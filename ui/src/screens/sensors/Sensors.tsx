import { Alert, Button, Code, Group, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, Fragment, useState } from "react";
import { api, body } from "../../api/client";
import type { Sensor } from "../../api/shapes";
import { CaptureDrop } from "../../components/CaptureDrop";
import { Page, Section } from "../../components/Page";
import { ProblemView } from "../../components/Problem";
import { Empty, Query } from "../../components/States";
import { Tag, type Tone } from "../../components/Tags";
import { useSite } from "../../lib/site";
import { bytes, count, sentence } from "../../lib/words";
import { useTime } from "../../lib/zone";
import { useWho } from "../../session";

const TONES: Record<Sensor["state"], Tone> = { listening: "good", waiting: "info", silent: "high", revoked: "low" };
/** Offsets of a clock that a person should know of, in seconds. */
const OFF = 1;

/** Who listens where, how they are, and what cannot be seen. */
export function Sensors() {
  const { site } = useSite();
  const { may } = useWho();
  const query = useQuery({ queryKey: ["sensors", site?.id], queryFn: () => body<Sensor[]>(api.GET("/api/sensors", { params: { query: { site: site?.id } } })), refetchInterval: 15_000 });
  return (
    <Page title="Sensors" lead="Who listens where, and what can't be seen. Sensors only listen; nothing is sent into the network that they watch.">
      <Query query={query} what="sensors">
        {(sensors) => (sensors.length === 0 ? <Empty title="No sensor hands in yet">Captures that are dropped here are read as well.</Empty> : <Stack gap="md">{sensors.map((sensor) => <Shown key={sensor.id} sensor={sensor} />)}</Stack>)}
      </Query>
      {may("feed") && <Add site={site?.id} />}
      {may("feed") && (
        <Section title="Hand in a capture">
          {site ? <CaptureDrop site={site.id} /> : <Text size="sm">Choose a site first, at the top of the page.</Text>}
        </Section>
      )}
    </Page>
  );
}

function Shown({ sensor }: { sensor: Sensor }) {
  const time = useTime();
  const { may } = useWho();
  const facts: [string, string][] = [["Last sign of life", sensor.last_seen ? time.full(sensor.last_seen) : "none yet"]];
  if (sensor.version) facts.push(["Version", sensor.version]);
  for (const one of sensor.interfaces) facts.push([`Interface ${one.name}`, `${count(one.frames)} frames read, ${count(one.dropped)} lost`]);
  if (sensor.spooled_bytes > 0) facts.push(["Waits in its spool", bytes(sensor.spooled_bytes)]);
  if (typeof sensor.clock_offset_s === "number") facts.push(["Its clock", clock(sensor.clock_offset_s, sensor.clock_error_s ?? 0)]);
  if (sensor.certificate_until) facts.push(["Certificate until", time.full(sensor.certificate_until)]);
  return (
    <Section title={sensor.name} lead={<Tag tone={TONES[sensor.state]}>{sentence(sensor.state)}</Tag>} actions={may("feed") ? <Manage sensor={sensor} /> : undefined}>
      <dl className="facts">
        {facts.map(([name, value]) => (
          <Fragment key={name}><dt>{name}</dt><dd>{value}</dd></Fragment>
        ))}
      </dl>
      {sensor.dropped_flows > 0 && <Text size="sm" role="note">Its spool was full: {count(sensor.dropped_flows)} flows were given up since {time.full(sensor.dropped_since)}. What devices are was kept.</Text>}
      {sensor.state === "silent" && <Text size="sm" role="note">What happens at its interfaces waits in its spool, or is not seen at all. See whether its machine runs and reaches this hub.</Text>}
      {sensor.cannot_see.length > 0 && (
        <>
          <Text size="sm" fw={600} mt="xs">What it can't see</Text>
          <ul style={{ margin: 0, paddingLeft: 18 }}>{sensor.cannot_see.map((one) => <li key={one}><Text size="sm" span>{one}</Text></li>)}</ul>
        </>
      )}
    </Section>
  );
}

function clock(offset: number, error: number): string {
  const size = Math.abs(offset);
  const side = offset > 0 ? "behind the hub's" : "ahead of the hub's";
  return size < OFF ? `right to ${Math.max(size + error, 0.001).toFixed(3)} s` : `${size.toFixed(1)} s ${side}; times are corrected by that`;
}

function Manage({ sensor }: { sensor: Sensor }) {
  const queries = useQueryClient();
  const [asks, setAsks] = useState(false);
  const token = useMutation({ mutationFn: () => body<{ token: string; until: string }>(api.POST("/api/sensors/{id}/token", { params: { path: { id: sensor.id } } })) });
  const revoke = useMutation({
    mutationFn: () => body(api.DELETE("/api/sensors/{id}", { params: { path: { id: sensor.id } } })),
    onSuccess: () => {
      setAsks(false);
      void queries.invalidateQueries({ queryKey: ["sensors"] });
    },
  });
  return (
    <Stack gap="xs" align="flex-end">
      <Group gap="xs">
        <Button size="xs" variant="default" loading={token.isPending} onClick={() => token.mutate()}>New token</Button>
        {sensor.state !== "revoked" && !asks && <Button size="xs" variant="default" onClick={() => setAsks(true)}>Revoke</Button>}
        {asks && <Button size="xs" color="red.9" loading={revoke.isPending} onClick={() => revoke.mutate()}>Revoke {sensor.name} now</Button>}
        {asks && <Button size="xs" variant="subtle" onClick={() => setAsks(false)}>Keep it</Button>}
      </Group>
      {(token.error ?? revoke.error) && <ProblemView error={token.error ?? revoke.error} />}
      {token.data && <Token {...token.data} />}
    </Stack>
  );
}

function Add({ site }: { site: string | undefined }) {
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const add = useMutation({
    mutationFn: () => body<{ token: string; until: string }>(api.POST("/api/sensors", { body: { site: site ?? "", name } })),
    onSuccess: () => {
      setName("");
      void queries.invalidateQueries({ queryKey: ["sensors"] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <Section title="Add a sensor" lead="A machine at a mirror port. It enrols with a token that works once, and from then on by a certificate of its own.">
      <form onSubmit={submit}>
        <Group align="flex-end" gap="sm">
          <TextInput label="Where it listens" placeholder="Ward 3, core switch" required maxLength={100} value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <Button type="submit" loading={add.isPending} disabled={site === undefined}>Make a token</Button>
        </Group>
      </form>
      {add.error && <ProblemView error={add.error} />}
      {add.data && <Token {...add.data} />}
    </Section>
  );
}

function Token({ token, until }: { token: string; until: string }) {
  const time = useTime();
  const hub = `${location.hostname}:${location.port || "443"}`;
  return (
    <Alert role="status" variant="outline" mt="sm" title={<Text c="var(--mantine-color-text)" fw={600}>Run this on the sensor's machine</Text>}>
      <Text size="sm">The token works once, until {time.full(until)}, and is not shown again.</Text>
      <Code block style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }} mt="xs">
        {`medwarden sensor --interface eth1 --spool /var/spool/medwarden\nmedwarden uplink --spool /var/spool/medwarden --hub ${hub} --enrol ${token}`}
      </Code>
    </Alert>
  );
}
