import { Anchor, Container, Text, Title } from "@mantine/core";
import { ProblemView } from "./Problem";

export function NotFound() {
  return (
    <Container component="main" p="md">
      <Title order={1}>There is no such page</Title>
      <Text>
        The address may be mistyped. <Anchor href="/">Go to Home</Anchor>
      </Text>
    </Container>
  );
}

export function RouteProblem({ error, reset }: { error: unknown; reset: () => void }) {
  return (
    <Container p="md">
      <ProblemView error={error} retry={reset} />
    </Container>
  );
}
