import { Button, Container, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { api, body } from "../../api/client";
import { ProblemView } from "../../components/Problem";
import { fetchSession, sessionKey } from "../../session";

/** Sign-in. The address stays what it was, so that a link leads to its screen afterwards. */
export default function SignIn() {
  useEffect(() => {
    document.title = "Sign in · Medwarden";
  }, []);
  const queries = useQueryClient();
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const signIn = useMutation({
    mutationFn: () => body(api.POST("/api/session", { body: { login, password } })),
    onSuccess: async () => queries.setQueryData(sessionKey, await fetchSession()),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate();
  };
  return (
    <Container size={420} py={48} component="main">
      <Title order={1}>Medwarden</Title>
      <Text c="dimmed" mb="md">Sign in to see what is connected and who looks after it.</Text>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput label="Account" required autoComplete="username webauthn" value={login} onChange={(event) => setLogin(event.currentTarget.value)} />
          <PasswordInput label="Password" required autoComplete="current-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
          {signIn.error && <ProblemView error={signIn.error} />}
          <Button type="submit" loading={signIn.isPending}>Sign in</Button>
        </Stack>
      </form>
    </Container>
  );
}
