import { Button, Container, Divider, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { api, body, rememberCsrf } from "../../api/client";
import { asProblem } from "../../api/problem";
import type { Session, Setup } from "../../api/shapes";
import { ProblemView } from "../../components/Problem";
import { fetchSession, sessionKey } from "../../session";
import { Must } from "./Must";
import { usePasskey } from "./webauthn";

/** Sign-in, and what has to be set up at the first one. */
export default function SignIn({ setup, session }: { setup: Setup; session: Session | null }) {
  useEffect(() => {
    document.title = "Sign in · Medwarden";
  }, []);
  return (
    <Container size={420} py={48} component="main">
      <Title order={1} mb={4}>Medwarden</Title>
      {session ? <Must session={session} /> : <Forms setup={setup} />}
    </Container>
  );
}

function Forms({ setup }: { setup: Setup }) {
  const queries = useQueryClient();
  const [account, setAccount] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [second, setSecond] = useState(false);
  const finish = async (answer: unknown) => {
    rememberCsrf((answer as { csrf?: string } | undefined)?.csrf);
    queries.setQueryData(sessionKey, await fetchSession());
  };
  const signIn = useMutation({
    mutationFn: () => body(api.POST("/api/session", { body: { account, password, code: second ? code : undefined } })),
    onSuccess: finish,
    onError: (error) => {
      if (asProblem(error).code === "second-factor-needed") setSecond(true);
    },
  });
  const passkey = useMutation({
    mutationFn: async () => {
      const options = await body<Record<string, unknown>>(api.POST("/api/session/passkey/start", { body: { account: account || undefined } }));
      return body(api.POST("/api/session/passkey/finish", { body: await usePasskey(options) as never }));
    },
    onSuccess: finish,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate();
  };
  const asked = signIn.error && asProblem(signIn.error).code === "second-factor-needed";
  const ways = setup.sign_in;
  return (
    <Stack gap="md">
      <Text c="dimmed">Sign in to see what is connected and who looks after it.</Text>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput label="Account" required autoComplete="username webauthn" value={account} onChange={(event) => setAccount(event.currentTarget.value)} />
          <PasswordInput label="Password" required autoComplete="current-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
          {second && <TextInput label="Code from your app" description="Or one of your recovery codes." required autoFocus autoComplete="one-time-code" inputMode="numeric" value={code} onChange={(event) => setCode(event.currentTarget.value)} />}
          {signIn.error && !asked && <ProblemView error={signIn.error} />}
          <Button type="submit" loading={signIn.isPending}>Sign in</Button>
        </Stack>
      </form>
      {(ways?.passkey ?? true) && typeof PublicKeyCredential !== "undefined" && (
        <>
          <Divider label="or" />
          <Button variant="default" onClick={() => passkey.mutate()} loading={passkey.isPending}>Sign in with a passkey</Button>
          {passkey.error && <ProblemView error={passkey.error} />}
        </>
      )}
      {(ways?.providers ?? []).map((provider) => (
        <Button key={provider.id} variant="default" component="a" href={`/api/session/oidc/${encodeURIComponent(provider.id)}?next=${encodeURIComponent(location.pathname + location.search)}`}>
          Sign in with {provider.name}
        </Button>
      ))}
    </Stack>
  );
}
