import { Alert, Button, Code, CopyButton, Group, Text } from "@mantine/core";
import type { ReactNode } from "react";

/** A secret that is shown this once: to be copied or printed before one goes on. */
export function Once({ title, text, children }: { title: string; text: string; children?: ReactNode }) {
  return (
    <Alert role="status" variant="outline" mt="sm" title={<Text c="var(--mantine-color-text)" fw={600}>{title}</Text>}>
      <Text component="div" size="sm">{children} It is not shown again.</Text>
      <Code block mt="xs" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>{text}</Code>
      <Group gap="xs" mt="xs" className="no-print">
        <CopyButton value={text}>{({ copied, copy }) => <Button size="xs" variant="default" onClick={copy}>{copied ? "Copied" : "Copy"}</Button>}</CopyButton>
        <Button size="xs" variant="default" onClick={() => window.print()}>Print</Button>
      </Group>
    </Alert>
  );
}
