import { Group, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, body } from "../../api/client";
import { Page, Section } from "../../components/Page";
import { Empty, Query } from "../../components/States";
import { SeverityTag, Sure } from "../../components/Tags";
import { TextLink } from "../../components/TextLink";
import { useSite } from "../../lib/site";
import { count } from "../../lib/words";
import { useTime } from "../../lib/zone";
import type { Answer, HomeAnswers, Task } from "./shape";

const QUESTIONS: Record<Answer["id"], string> = {
  devices: "What devices are connected?",
  talks: "What do they talk to?",
  administration: "Who administers them?",
  response: "How will we respond when one behaves unexpectedly?",
};

export function Home() {
  const { site } = useSite();
  const time = useTime();
  const query = useQuery<HomeAnswers>({ queryKey: ["home", site?.id], queryFn: () => body(api.GET("/api/home", { params: { query: { site: site?.id } } })) });
  return (
    <Page title={site ? site.name : "Home"} lead={query.data?.as_of ? `As of ${time.full(query.data.as_of)}` : undefined}>
      <Query query={query} what="the four answers">
        {(home) => (
          <>
            <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
              {home.answers.map((answer) => (
                <AnswerCard key={answer.id} answer={answer} />
              ))}
            </SimpleGrid>
            <Section title="What needs you today">
              {home.tasks.length === 0 ? <Empty title="Nothing needs you today" /> : <Tasks tasks={home.tasks} />}
            </Section>
          </>
        )}
      </Query>
    </Page>
  );
}

function AnswerCard({ answer }: { answer: Answer }) {
  return (
    <section className="card" aria-label={QUESTIONS[answer.id]}>
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <Title order={2}>{QUESTIONS[answer.id]}</Title>
        {answer.confidence !== null && answer.confidence !== undefined ? <Sure confidence={answer.confidence} words /> : <Text size="sm" c="dimmed">Cannot be said yet</Text>}
      </Group>
      <Text mt={6}>{answer.said}</Text>
      <Group gap="xl" mt="sm" align="flex-start">
        {answer.figures.map((figure) => (
          <div key={figure.label}>
            <div className="bignumber">{figure.link ? <TextLink to={figure.link}>{count(figure.value)}</TextLink> : count(figure.value)}</div>
            <Text size="sm" c="dimmed">{figure.label}</Text>
          </div>
        ))}
      </Group>
      <Stack gap={2} mt="sm">
        <Text size="sm" fw={600}>{answer.missing.length > 0 ? "What is missing" : "Nothing that is known to be missing"}</Text>
        {answer.missing.length > 0 && (
          <ul style={{ margin: 0, paddingLeft: 18 }}>
            {answer.missing.map((what) => (
              <li key={what}><Text size="sm" component="span">{what}</Text></li>
            ))}
          </ul>
        )}
      </Stack>
    </section>
  );
}

function Tasks({ tasks }: { tasks: Task[] }) {
  const time = useTime();
  return (
    <ul style={{ listStyle: "none", margin: 0, padding: 0 }}>
      {tasks.map((task) => (
        <li key={task.id} style={{ padding: "6px 0" }}>
          <Group gap="xs">
            {task.severity && <SeverityTag severity={task.severity} />}
            {task.link ? <TextLink to={task.link}>{task.title}</TextLink> : <Text component="span">{task.title}</Text>}
            {task.due && <Text component="span" size="sm" c="dimmed">due {time.day(task.due)}</Text>}
          </Group>
          {task.why && <Text size="sm" c="dimmed">{task.why}</Text>}
        </li>
      ))}
    </ul>
  );
}

