import { Alert, Button, Code, Group, Text } from "@mantine/core";
import { asProblem } from "../api/problem";

/** What went wrong and what to do about it. */
export function ProblemView({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem = asProblem(error);
  return (
    <Alert role="alert" variant="outline" color={problem.status === 0 || problem.status >= 500 ? "red" : "orange"} title={<Text c="var(--mantine-color-text)" fw={600}>{problem.title}</Text>}>
      {problem.detail && problem.detail !== problem.title && <Text size="sm">{problem.detail}</Text>}
      {problem.what_to_do && (
        <Text size="sm" mt={4}>
          <b>What to do:</b> {problem.what_to_do}
        </Text>
      )}
      {problem.fields && (
        <ul>
          {Object.entries(problem.fields).map(([field, what]) => (
            <li key={field}>
              {field}: {what}
            </li>
          ))}
        </ul>
      )}
      <Group mt="xs" gap="sm">
        {retry && (
          <Button size="compact-sm" variant="default" onClick={retry}>
            Try again
          </Button>
        )}
        <Text size="xs" c="dimmed">
          Code <Code>{problem.code}</Code>
        </Text>
      </Group>
    </Alert>
  );
}
