import { Anchor, Button, Container, Divider, Group, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { api, body } from "../../api/client";
import { ProblemView } from "../../components/Problem";
import { get } from "../../lib/passkey";
import { fetchSession, sessionKey } from "../../session";
import { WithCode } from "./WithCode";

/** Sign-in. The address stays what it was, so that a link leads to its screen afterwards. */
export default function SignIn() {
  useEffect(() => {
    document.title = "Sign in · Medwarden";
  }, []);
  const queries = useQueryClient();
  const [hasCode, setHasCode] = useState(false);
  const done = async () => queries.setQueryData(sessionKey, await fetchSession());
  return (
    <Container size={420} py={48} component="main">
      <Title order={1}>Medwarden</Title>
      <Text c="dimmed" mb="md">Sign in to see what is connected and who looks after it.</Text>
      {hasCode ? <WithCode done={done} /> : <ByPassword done={done} />}
      <Button mt="md" variant="subtle" size="xs" onClick={() => setHasCode(!hasCode)}>{hasCode ? "I have an account and its password" : "I have a code: an invitation, or the envelope of a ward"}</Button>
    </Container>
  );
}

function ByPassword({ done }: { done: () => Promise<unknown> }) {
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const signIn = useMutation({ mutationFn: () => body(api.POST("/api/session", { body: { login, password } })), onSuccess: done });
  const passkey = useMutation({
    mutationFn: async () => {
      const { ceremony, options } = await body<{ ceremony: string; options: unknown }>(api.POST("/api/session/passkey", { body: { login } }));
      return body(api.POST("/api/session/passkey/answer", { body: { ceremony, answer: await get(options) } }));
    },
    onSuccess: done,
  });
  const elsewhere = useQuery({ queryKey: ["providers"], queryFn: () => body<{ id: string; name: string }[]>(api.GET("/api/session/oidc", {})), staleTime: Infinity });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate();
  };
  const error = signIn.error ?? passkey.error;
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TextInput label="Account" required autoComplete="username webauthn" value={login} onChange={(event) => setLogin(event.currentTarget.value)} />
        <PasswordInput label="Password" required autoComplete="current-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
        {error && <ProblemView error={error} />}
        <Group gap="sm">
          <Button type="submit" loading={signIn.isPending}>Sign in</Button>
          <Button variant="default" disabled={login.trim() === ""} loading={passkey.isPending} onClick={() => passkey.mutate()}>Use a passkey</Button>
        </Group>
        {elsewhere.data && elsewhere.data.length > 0 && (
          <>
            <Divider label="or" />
            {elsewhere.data.map((one) => <Anchor key={one.id} href={`/api/session/oidc/${encodeURIComponent(one.id)}`}>{one.name}</Anchor>)}
          </>
        )}
      </Stack>
    </form>
  );
}
