import { Group, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, body } from "../../api/client";
import type { FourthAnswer, Glass, Home as HomeAnswers } from "../../api/shapes";
import { Page, Section } from "../../components/Page";
import { Empty, Query } from "../../components/States";
import { SeverityTag, Sure } from "../../components/Tags";
import { TextLink } from "../../components/TextLink";
import { useSite } from "../../lib/site";
import { count } from "../../lib/words";
import { useTime } from "../../lib/zone";
import { useWho } from "../../session";
import { tasksOf } from "./tasks";

type Question = "devices" | "conversations" | "administration" | "response";

const QUESTIONS: [id: Question, question: string, nothing: string][] = [
  ["devices", "What devices are connected?", "No device was seen yet."],
  ["conversations", "What do they talk to?", "No conversation was seen yet."],
  ["administration", "Who administers them?", "No device that can be administered over the network was seen."],
  ["response", "How will we respond when one behaves unexpectedly?", "No device was seen yet that a response could be prepared for."],
];

/** Where a figure can be looked at closer. */
const CLOSER: Record<string, string> = {
  devices: "/devices",
  clinical: "/devices?impact=life_sustaining,therapy,monitoring,diagnostic",
  "life-sustaining": "/devices?impact=life_sustaining",
  conversations: "/map",
  phi: "/findings?detector=cleartext-phi",
  "default-credentials": "/findings?detector=default-credential",
};

export function Home() {
  const { site } = useSite();
  const time = useTime();
  const query = useQuery<HomeAnswers>({ queryKey: ["home", site?.id], queryFn: () => body(api.GET("/api/home", { params: { query: { site: site?.id } } })) });
  const seen = query.data?.last_seen;
  return (
    <Page title={site ? site.name : "Home"} lead={seen ? `Last thing seen: ${time.full(seen)}` : undefined}>
      <Query query={query} what="the four answers">
        {(home) => (
          <>
            <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
              {QUESTIONS.map(([id, question, nothing]) => (
                <AnswerCard key={id} question={question} nothing={nothing} answer={home[id]} />
              ))}
            </SimpleGrid>
            <Needs home={home} />
          </>
        )}
      </Query>
    </Page>
  );
}

function AnswerCard({ question, nothing, answer }: { question: string; nothing: string; answer: FourthAnswer }) {
  const isKnown = answer.sureness !== null && answer.sureness !== undefined;
  return (
    <section className="card" aria-label={question}>
      <Group justify="space-between" align="flex-start">
        <Title order={2}>{question}</Title>
        {isKnown && <Sure confidence={answer.sureness ?? 0} words />}
      </Group>
      {!isKnown && <Text mt={6}>{nothing}</Text>}
      {isKnown && (
        <Group gap="xl" mt="sm" align="flex-start">
          {answer.figures.map((figure) => (
            <Figure key={figure.id} {...figure} />
          ))}
        </Group>
      )}
      {isKnown && (
        <Stack gap={2} mt="sm">
          <Text size="sm" fw={600}>{answer.missing.length > 0 ? "What is missing" : "Nothing is known to be missing"}</Text>
          <ul style={{ margin: 0, paddingLeft: 18 }}>
            {answer.missing.map((what) => (
              <li key={what}><Text size="sm" component="span">{what}</Text></li>
            ))}
          </ul>
        </Stack>
      )}
    </section>
  );
}

function Figure({ id, label, count: many }: { id: string; label: string; count: number }) {
  const closer = CLOSER[id];
  return (
    <div style={{ maxWidth: 170 }}>
      <div className="bignumber">{closer && many > 0 ? <TextLink to={closer}>{count(many)}</TextLink> : count(many)}</div>
      <Text size="sm" c="dimmed">{label}</Text>
    </div>
  );
}

function Needs({ home }: { home: HomeAnswers }) {
  const { may } = useWho();
  const glass = useQuery({ queryKey: ["glass"], queryFn: () => body<Glass[]>(api.GET("/api/break-glass", {})), enabled: may("review_break_glass") });
  const tasks = tasksOf(home, may, glass.data);
  return (
    <Section title="What needs you today">
      {tasks.length === 0 ? <Empty title="Nothing that was seen needs you today" /> : (
        <ul style={{ listStyle: "none", margin: 0, padding: 0 }}>
          {tasks.map((task) => (
            <li key={task.title} style={{ padding: "6px 0" }}>
              <Group gap="xs">
                {task.severity && <SeverityTag severity={task.severity} />}
                <TextLink to={task.to}>{task.title}</TextLink>
              </Group>
              <Text size="sm" c="dimmed">{task.why}</Text>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
