import { Button, Container, Group, NativeSelect, PasswordInput, Stack, Stepper, Text, Textarea, TextInput, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { api, body } from "../../api/client";
import type { Setup } from "../../api/shapes";
import { ProblemView } from "../../components/Problem";
import { readNetworks } from "../../lib/networks";
import { fetchSession, sessionKey } from "../../session";
import { FirstSight } from "./FirstSight";

const HOME = Intl.DateTimeFormat().resolvedOptions().timeZone;
const ZONES = Intl.supportedValuesOf("timeZone");

/** The first start: an administrator, the site and its networks, then something to look at. */
export default function FirstRun({ setup }: { setup: Setup }) {
  const queries = useQueryClient();
  const [step, setStep] = useState(0);
  const [site, setSite] = useState<string | undefined>();
  const [form, setForm] = useState({ login: "", name: "", password: "", tenant: "", site: "", time_zone: ZONES.includes(HOME) ? HOME : "UTC", networks: setup.usual_networks.join("\n"), code: "" });
  useEffect(() => {
    document.title = "Set-up · Medwarden";
  }, []);
  const field = (name: keyof typeof form) => ({ value: form[name], onChange: (event: { currentTarget: { value: string } }) => setForm({ ...form, [name]: event.currentTarget.value }) });
  const networks = readNetworks(form.networks);
  const create = useMutation({
    mutationFn: async () => {
      await body(api.POST("/api/setup", { body: { ...form, tenant: form.tenant.trim() || form.site, networks: networks.good, code: setup.needs_code ? form.code : null } }));
      await body(api.POST("/api/session", { body: { login: form.login, password: form.password } }));
      return fetchSession();
    },
    onSuccess: (session) => {
      setSite(session?.sites[0]?.id);
      setStep(2);
    },
  });
  const finish = async () => {
    queries.setQueryData(sessionKey, await fetchSession());
    await queries.invalidateQueries({ queryKey: ["setup"] });
  };
  const next = (event: FormEvent) => {
    event.preventDefault();
    if (step === 0) setStep(1);
    else create.mutate();
  };
  return (
    <Container size={720} py={32} component="main">
      <Title order={1}>Set up Medwarden</Title>
      <Text c="dimmed" mb="lg">Three steps. Nothing is sent anywhere: Medwarden listens, and keeps what it knows in its data folder.</Text>
      <Stepper active={step} size="sm" mb="lg" allowNextStepsSelect={false}>
        <Stepper.Step label="You" description="The first administrator" />
        <Stepper.Step label="The site" description="Its name and networks" />
        <Stepper.Step label="First look" description="A capture or an interface" />
      </Stepper>
      {step < 2 && (
        <form onSubmit={next}>
          <Stack gap="sm" maw={460}>
            {step === 0 && (
              <>
                {setup.needs_code && <TextInput label="Set-up code" description="The hub printed it where it was started. It shows that you run the hub: this page was opened from another machine." required autoComplete="off" spellCheck={false} {...field("code")} />}
                <TextInput label="Your name" required autoComplete="name" {...field("name")} />
                <TextInput label="Account" description="What you type to sign in." required autoComplete="username" {...field("login")} />
                <PasswordInput label="Password" description="At least 15 characters. Several words are fine; no signs are demanded." required minLength={15} autoComplete="new-password" {...field("password")} />
              </>
            )}
            {step === 1 && (
              <>
                <TextInput label="Name of the site" placeholder="St. Example Clinic" required {...field("site")} />
                <TextInput label="Organisation" description="Whose site it is; the site's name where left empty." {...field("tenant")} />
                <NativeSelect label="Time zone" description="Times are shown in it." data={ZONES.includes("UTC") ? ZONES : ["UTC", ...ZONES]} {...field("time_zone")} />
                <Textarea label="Networks of the site" description="One a line. What is outside of them counts as outside. Private networks are filled in; narrow them if another site shares them." autosize minRows={4} required error={networks.bad.length > 0 ? `Not a network: ${networks.bad.join(", ")}` : undefined} {...field("networks")} />
                {create.error && <ProblemView error={create.error} />}
              </>
            )}
            <Group>
              {step === 1 && <Button variant="default" onClick={() => setStep(0)}>Back</Button>}
              <Button type="submit" loading={create.isPending} disabled={step === 1 && (networks.bad.length > 0 || networks.good.length === 0)}>{step === 0 ? "Next" : "Create"}</Button>
            </Group>
          </Stack>
        </form>
      )}
      {step === 2 && <FirstSight site={site} finish={() => void finish()} />}
    </Container>
  );
}
