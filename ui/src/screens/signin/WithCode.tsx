import { Button, Group, PasswordInput, Radio, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, body } from "../../api/client";
import { ProblemView } from "../../components/Problem";

/** Signing in by a code on paper: an invitation, or the credential that lay sealed on a ward. */
export function WithCode({ done }: { done: () => Promise<unknown> }) {
  const [kind, setKind] = useState("invitation");
  const [code, setCode] = useState("");
  const [password, setPassword] = useState("");
  const [name, setName] = useState("");
  const [reason, setReason] = useState("");
  const accept = useMutation({
    mutationFn: () => (kind === "invitation" ? body(api.POST("/api/session/invitation", { body: { code, password } })) : body(api.POST("/api/session/sealed", { body: { code, name, reason } }))),
    onSuccess: done,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    accept.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Radio.Group label="What it is" value={kind} onChange={setKind}>
          <Group gap="md" mt={4}><Radio value="invitation" label="An invitation" /><Radio value="sealed" label="From a sealed envelope" /></Group>
        </Radio.Group>
        <TextInput label="Code" required autoComplete="off" value={code} onChange={(event) => setCode(event.currentTarget.value)} />
        {kind === "invitation" ? (
          <PasswordInput label="Choose a password" description="At least 15 characters. Several words are easy to keep." required autoComplete="new-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
        ) : (
          <>
            <Text size="sm">The code works once. Everybody concerned is told, everything you do is marked, and it is reviewed afterwards.</Text>
            <TextInput label="Your name" required maxLength={200} value={name} onChange={(event) => setName(event.currentTarget.value)} />
            <Textarea label="Why it is needed" required minLength={10} maxLength={2000} autosize minRows={2} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
          </>
        )}
        {accept.error && <ProblemView error={accept.error} />}
        <Group><Button type="submit" loading={accept.isPending}>Go on</Button></Group>
      </Stack>
    </form>
  );
}
