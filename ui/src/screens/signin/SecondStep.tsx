import { Button, Container, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { api, body, rememberCsrf } from "../../api/client";
import type { Session } from "../../api/shapes";
import { ProblemView } from "../../components/Problem";
import { Query } from "../../components/States";
import { fetchSession, sessionKey } from "../../session";
import { Qr } from "./Qr";

/** What a role asks for after the password: a code, or an app for codes to be set up. */
export default function SecondStep({ session }: { session: Session }) {
  const queries = useQueryClient();
  useEffect(() => {
    document.title = "Second step · Medwarden";
  }, []);
  const goOn = async () => queries.setQueryData(sessionKey, await fetchSession());
  const leave = useMutation({
    mutationFn: () => body(api.DELETE("/api/session", {})),
    onSuccess: () => {
      rememberCsrf(undefined);
      queries.setQueryData(sessionKey, null);
    },
  });
  return (
    <Container size={460} py={48} component="main">
      <Title order={1}>Second step</Title>
      {session.second_step === "enrol" ? <Enrol done={goOn} /> : <Code steps={session.second_steps} done={goOn} />}
      <Button mt="md" variant="subtle" size="xs" onClick={() => leave.mutate()}>Sign in as somebody else</Button>
    </Container>
  );
}

function CodeInput({ value, set, label }: { value: string; set: (code: string) => void; label: string }) {
  return <TextInput label={label} required autoFocus autoComplete="one-time-code" value={value} onChange={(event) => set(event.currentTarget.value)} />;
}

function Code({ steps, done }: { steps: string[]; done: () => void }) {
  const [code, setCode] = useState("");
  const give = useMutation({ mutationFn: () => body(api.POST("/api/session/second", { body: { code: code.trim() } })), onSuccess: done });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    give.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Text c="dimmed">{steps.includes("totp") ? "Enter the code that your app shows, or one of your recovery codes." : "Enter one of your recovery codes."}</Text>
        <CodeInput label="Code" value={code} set={setCode} />
        {give.error && <ProblemView error={give.error} />}
        <Group><Button type="submit" loading={give.isPending}>Go on</Button></Group>
      </Stack>
    </form>
  );
}

/** Sets an app for codes up, and gives the recovery codes. */
export function Enrol({ done }: { done: () => void }) {
  // An offer is a secret of this moment: it is never taken from a cache.
  const offer = useQuery({ queryKey: ["totp"], queryFn: () => body<{ url: string; secret: string }>(api.POST("/api/me/totp", {})), staleTime: Infinity, gcTime: 0, retry: false });
  const [code, setCode] = useState("");
  const confirm = useMutation({
    mutationFn: async () => {
      await body(api.PUT("/api/me/totp", { body: { code: code.trim() } }));
      // The session's token changed with the code; what is sent next needs the new one.
      await fetchSession();
      return body<{ codes: string[] }>(api.POST("/api/me/recovery-codes", {}));
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    confirm.mutate();
  };
  if (confirm.data) {
    return (
      <Stack gap="sm">
        <Text>Keep these recovery codes on paper, away from this computer. Each works once, when the app is lost. They are not shown again.</Text>
        <ul className="mono">{confirm.data.codes.map((one) => <li key={one}>{one}</li>)}</ul>
        <Group><Button onClick={done}>I have kept them</Button><Button variant="default" onClick={() => window.print()}>Print</Button></Group>
      </Stack>
    );
  }
  return (
    <Query query={offer} what="the second step">
      {({ secret, url }) => (
        <form onSubmit={submit}>
          <Stack gap="sm">
            <Text c="dimmed">Your role needs a second step. Scan this with an authenticator app, or type the key there; then enter the code that it shows.</Text>
            <Qr text={url} />
            <Text size="sm">Key: <span className="mono" style={{ overflowWrap: "anywhere" }}>{secret}</span></Text>
            <CodeInput label="Code from the app" value={code} set={setCode} />
            {confirm.error && <ProblemView error={confirm.error} />}
            <Group><Button type="submit" loading={confirm.isPending}>Confirm</Button></Group>
          </Stack>
        </form>
      )}
    </Query>
  );
}
