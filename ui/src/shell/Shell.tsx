import { lazy, Suspense } from "react";
import { Container } from "@mantine/core";
import { ProblemView } from "../components/Problem";
import { Loading } from "../components/States";
import { useSession, useSetup, WhoProvider } from "../session";
import { Frame } from "./Frame";

const SignIn = lazy(() => import("../screens/signin/SignIn"));
const SecondStep = lazy(() => import("../screens/signin/SecondStep"));
const FirstRun = lazy(() => import("../screens/setup/FirstRun"));

/** Decides what somebody who opens any address gets: the first-run set-up, sign-in, or the screen. The address stays, so that links last. */
export function Shell() {
  const setup = useSetup();
  const session = useSession();
  const error = setup.error ?? session.error;
  if (error && (setup.data === undefined || session.data === undefined)) {
    return (
      <Container size="sm" py="xl" component="main">
        <ProblemView error={error} retry={() => { void setup.refetch(); void session.refetch(); }} />
      </Container>
    );
  }
  if (setup.data === undefined || session.data === undefined) return <Loading what="Medwarden" />;
  if (!setup.data.is_done) return <Suspense fallback={<Loading what="the set-up" />}><FirstRun setup={setup.data} /></Suspense>;
  if (session.data === null) return <Suspense fallback={<Loading what="sign-in" />}><SignIn /></Suspense>;
  const { second_step } = session.data;
  if (second_step === "needed" || second_step === "enrol") return <Suspense fallback={<Loading what="the second step" />}><SecondStep session={session.data} /></Suspense>;
  return (
    <WhoProvider session={session.data}>
      <Frame />
    </WhoProvider>
  );
}
