import { Button, Checkbox, Group, NumberInput, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, body } from "../../api/client";
import type { OwnPasskey, OwnSession, OwnToken, Right } from "../../api/shapes";
import { Once } from "../../components/Once";
import { Page, Section } from "../../components/Page";
import { ProblemView } from "../../components/Problem";
import { Query } from "../../components/States";
import { PlainTable } from "../../components/Table";
import { useAct } from "../../lib/acting";
import { create } from "../../lib/passkey";
import { sentence } from "../../lib/words";
import { useTime } from "../../lib/zone";
import { fetchSession, sessionKey, useWho } from "../../session";
import { Enrol } from "../signin/SecondStep";

/** One's own password, second steps, sessions and tokens. */
export function Account() {
  const { session } = useWho();
  return (
    <Page title="Your account" lead={session.name}>
      <Password />
      <Steps />
      <Sessions />
      <Tokens />
    </Page>
  );
}

function Password() {
  const [current, setCurrent] = useState("");
  const [chosen, setChosen] = useState("");
  const change = useAct(() => body(api.PUT("/api/me/password", { body: { current, new: chosen } })), [["own-sessions"]], () => {
    setCurrent("");
    setChosen("");
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate();
  };
  return (
    <Section title="Password" lead="At least 15 characters, 8 beside a second step. Several words are easy to keep. Every other session ends.">
      <form onSubmit={submit}>
        <Group align="flex-end" gap="sm">
          <PasswordInput label="The one that holds now" required w={260} autoComplete="current-password" value={current} onChange={(event) => setCurrent(event.currentTarget.value)} />
          <PasswordInput label="New password" required w={260} autoComplete="new-password" value={chosen} onChange={(event) => setChosen(event.currentTarget.value)} />
          <Button type="submit" variant="default" loading={change.isPending}>Change</Button>
        </Group>
      </form>
      {change.error !== null && <ProblemView error={change.error} />}
      {change.isSuccess && <Text size="sm" role="status" mt="xs">The new password holds.</Text>}
    </Section>
  );
}

function Steps() {
  const { session } = useWho();
  const queries = useQueryClient();
  const [adds, setAdds] = useState(false);
  const [code, setCode] = useState("");
  const has = session.second_steps.includes("totp");
  const again = async () => queries.setQueryData(sessionKey, await fetchSession());
  const remove = useAct(() => body(api.DELETE("/api/me/totp", { body: { code: code.trim() } })), [["session"]], () => setCode(""));
  const recovery = useAct(() => body<{ codes: string[] }>(api.POST("/api/me/recovery-codes", {})), [["session"]]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    remove.mutate();
  };
  return (
    <Section title="Second step" lead={session.exception ? `Yours is not needed for now: ${session.exception.reason}.` : "What you show beside the password, so that a stolen password opens nothing."}>
      <Stack gap="sm">
        {has ? (
          <form onSubmit={submit}>
            <Group align="flex-end" gap="sm">
              <TextInput label="App for codes: remove it with a code of it" required autoComplete="one-time-code" value={code} onChange={(event) => setCode(event.currentTarget.value)} />
              <Button type="submit" variant="default" loading={remove.isPending}>Remove the app</Button>
            </Group>
          </form>
        ) : adds ? (
          <Enrol done={() => { setAdds(false); void again(); }} />
        ) : (
          <Group><Button variant="default" onClick={() => setAdds(true)}>Set up an app for codes</Button></Group>
        )}
        <Passkeys changed={again} />
        {session.second_step === "done" && <Group><Button variant="default" loading={recovery.isPending} onClick={() => recovery.mutate()}>Make new recovery codes</Button></Group>}
        {recovery.data && <Once title="Recovery codes" text={recovery.data.codes.join("\n")}>Keep them on paper, away from this computer. Each works once. Those before are void.</Once>}
        {(remove.error ?? recovery.error) !== null && <ProblemView error={remove.error ?? recovery.error} />}
      </Stack>
    </Section>
  );
}

function Passkeys({ changed }: { changed: () => Promise<unknown> }) {
  const time = useTime();
  const [name, setName] = useState("");
  const query = useQuery({ queryKey: ["passkeys"], queryFn: () => body<OwnPasskey[]>(api.GET("/api/me/passkeys", {})) });
  const add = useAct(
    async () => {
      const { ceremony, options } = await body<{ ceremony: string; options: unknown }>(api.POST("/api/me/passkeys", { body: { name } }));
      return body(api.POST("/api/me/passkeys/answer", { body: { ceremony, answer: await create(options) } }));
    },
    [["passkeys"]],
    () => {
      setName("");
      void changed();
    },
  );
  const remove = useAct((id: string) => body(api.DELETE("/api/me/passkeys/{id}", { params: { path: { id } } })), [["passkeys"], ["session"]]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <Stack gap="xs">
      <Query query={query} what="passkeys">
        {(all) => (
          <>
            {all.map((one) => (
              <Group key={one.id} gap="sm">
                <Text size="sm">Passkey <b>{one.name}</b>, used last {time.full(one.last_used)}</Text>
                <Button size="compact-xs" variant="subtle" onClick={() => remove.mutate(one.id)}>Remove {one.name}</Button>
              </Group>
            ))}
          </>
        )}
      </Query>
      <form onSubmit={submit}>
        <Group align="flex-end" gap="sm">
          <TextInput label="Add a passkey, called" placeholder="Laptop" required maxLength={200} value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <Button type="submit" variant="default" loading={add.isPending}>Add a passkey</Button>
        </Group>
      </form>
      {(add.error ?? remove.error) !== null && <ProblemView error={add.error ?? remove.error} />}
    </Stack>
  );
}

function Sessions() {
  const time = useTime();
  const query = useQuery({ queryKey: ["own-sessions"], queryFn: () => body<OwnSession[]>(api.GET("/api/me/sessions", {})) });
  const end = useAct((id: string) => body(api.DELETE("/api/me/sessions/{id}", { params: { path: { id } } })), [["own-sessions"], ["session"]]);
  const others = useAct(() => body(api.DELETE("/api/me/sessions", {})), [["own-sessions"]]);
  return (
    <Section title="Sessions" lead="Where you are signed in." actions={<Button size="xs" variant="default" loading={others.isPending} onClick={() => others.mutate()}>End all others</Button>}>
      <Query query={query} what="sessions">
        {(all) => (
          <PlainTable label="Sessions" head={["Begun", "Used last", "From", "Shown", ""]}>
            {all.map((one) => (
              <tr key={one.id}>
                <td>{time.full(one.created)}</td>
                <td>{time.full(one.last_used)}</td>
                <td>{one.address || "not known"}</td>
                <td>{({ password: "password", mfa: "password and second step", sealed: "sealed credential" })[one.strength] ?? one.strength}</td>
                <td>{one.is_this ? "this one" : <Button size="compact-xs" variant="default" aria-label={`End the session from ${one.address}`} onClick={() => end.mutate(one.id)}>End</Button>}</td>
              </tr>
            ))}
          </PlainTable>
        )}
      </Query>
      {(end.error ?? others.error) !== null && <ProblemView error={end.error ?? others.error} />}
    </Section>
  );
}

function Tokens() {
  const time = useTime();
  const { session } = useWho();
  const [name, setName] = useState("");
  const [days, setDays] = useState<string | number>(90);
  const [rights, setRights] = useState<string[]>([]);
  const query = useQuery({ queryKey: ["tokens"], queryFn: () => body<OwnToken[]>(api.GET("/api/tokens", {})) });
  const make = useAct(() => body<{ token: string }>(api.POST("/api/tokens", { body: { name, days: Number(days), rights: rights as Right[] } })), [["tokens"]], () => setName(""));
  const end = useAct((id: string) => body(api.DELETE("/api/tokens/{id}", { params: { path: { id } } })), [["tokens"]]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate();
  };
  return (
    <Section title="Tokens" lead="For programs that ask the hub in your name. Give each the least that it needs; what you lose, it loses.">
      <Query query={query} what="tokens">
        {(all) => (all.length === 0 ? <Text size="sm" c="dimmed">There is none.</Text> : (
          <PlainTable label="Tokens" head={["For", "Rights", "Ends", "Used last", ""]}>
            {all.map((one) => (
              <tr key={one.id}>
                <td>{one.name}</td>
                <td>{one.rights.map(sentence).join(", ")}</td>
                <td>{time.full(one.expires)}</td>
                <td>{one.last_used ? time.full(one.last_used) : "never"}</td>
                <td><Button size="compact-xs" variant="default" aria-label={`End the token ${one.name}`} onClick={() => end.mutate(one.id)}>End</Button></td>
              </tr>
            ))}
          </PlainTable>
        ))}
      </Query>
      <form onSubmit={submit}>
        <Stack gap="sm" mt="sm">
          <Group align="flex-end" gap="sm">
            <TextInput label="What it is for" required maxLength={200} value={name} onChange={(event) => setName(event.currentTarget.value)} />
            <NumberInput label="Days" min={1} max={365} value={days} onChange={setDays} />
          </Group>
          <Checkbox.Group label="What it may do" value={rights} onChange={setRights}>
            <Group gap="sm" mt={4}>{session.rights.map((right) => <Checkbox key={right} value={right} label={sentence(right)} />)}</Group>
          </Checkbox.Group>
          {(make.error ?? end.error) !== null && <ProblemView error={make.error ?? end.error} />}
          <Group><Button type="submit" variant="default" loading={make.isPending} disabled={rights.length === 0}>Make a token</Button></Group>
          {make.data && <Once title="Token" text={make.data.token}>Send it as “Authorization: Bearer …”.</Once>}
        </Stack>
      </form>
    </Section>
  );
}
