import { Button, Group, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, body } from "../../api/client";
import type { Session } from "../../api/shapes";
import { ProblemView } from "../../components/Problem";
import { Query } from "../../components/States";
import { fetchSession, sessionKey } from "../../session";
import { Qr } from "./Qr";

/** What a role demands before anything else is shown: a new password, a second factor. */
export function Must({ session }: { session: Session }) {
  const queries = useQueryClient();
  const renew = async () => queries.setQueryData(sessionKey, await fetchSession());
  const [next] = session.must ?? [];
  if (next === "password") return <NewPassword done={renew} />;
  return <Totp done={renew} />;
}

function NewPassword({ done }: { done: () => void }) {
  const [old, setOld] = useState("");
  const [password, setPassword] = useState("");
  const save = useMutation({ mutationFn: () => body(api.PUT("/api/session/password", { body: { old, password } })), onSuccess: done });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Text>Choose a new password before you go on.</Text>
        <PasswordInput label="Password that you were given" required autoComplete="current-password" value={old} onChange={(event) => setOld(event.currentTarget.value)} />
        <PasswordInput label="New password" description="At least 15 characters. Several words are fine; no signs are demanded." required minLength={15} autoComplete="new-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
        {save.error && <ProblemView error={save.error} />}
        <Group><Button type="submit" loading={save.isPending}>Save</Button></Group>
      </Stack>
    </form>
  );
}

interface TotpStart {
  secret: string;
  uri: string;
}

export function Totp({ done }: { done: () => void }) {
  const start = useQuery<TotpStart>({ queryKey: ["totp"], queryFn: () => body(api.POST("/api/session/totp/start", {})), staleTime: Infinity, gcTime: 0 });
  const [code, setCode] = useState("");
  const [recovery, setRecovery] = useState<string[] | undefined>();
  const confirm = useMutation({
    mutationFn: () => body<{ recovery_codes?: string[] }>(api.POST("/api/session/totp/confirm", { body: { code } })),
    onSuccess: (answer) => (answer?.recovery_codes?.length ? setRecovery(answer.recovery_codes) : done()),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    confirm.mutate();
  };
  if (recovery) {
    return (
      <Stack gap="sm">
        <Text>Keep these recovery codes on paper, away from this computer. Each works once, when the app is lost. They are not shown again.</Text>
        <ul className="mono">{recovery.map((one) => <li key={one}>{one}</li>)}</ul>
        <Group><Button onClick={done}>I have kept them</Button><Button variant="default" onClick={() => window.print()}>Print</Button></Group>
      </Stack>
    );
  }
  return (
    <Query query={start} what="the second factor">
      {({ secret, uri }) => (
        <form onSubmit={submit}>
          <Stack gap="sm">
            <Text>Your role needs a second factor. Scan this with an authenticator app, or type the key, then enter the code that the app shows.</Text>
            <Qr text={uri} />
            <Text size="sm">Key: <span className="mono">{secret}</span></Text>
            <TextInput label="Code from the app" required inputMode="numeric" autoComplete="one-time-code" pattern="[0-9 ]{6,8}" value={code} onChange={(event) => setCode(event.currentTarget.value)} />
            {confirm.error && <ProblemView error={confirm.error} />}
            <Group><Button type="submit" loading={confirm.isPending}>Confirm</Button></Group>
          </Stack>
        </form>
      )}
    </Query>
  );
}
