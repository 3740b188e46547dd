import { Center, Loader, Stack, Text } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { ProblemView } from "./Problem";

/** Nothing to show, why, and what brings something here. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <Center p="xl">
      <Stack gap={6} align="center" maw={560} ta="center">
        <Text fw={600}>{title}</Text>
        {children && (
          <Text component="div" size="sm" c="dimmed">
            {children}
          </Text>
        )}
      </Stack>
    </Center>
  );
}

/** Says that it loads only once that takes long enough to be noticed. */
export function Loading({ what }: { what: string }) {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), 250);
    return () => clearTimeout(timer);
  }, []);
  return (
    <Center p="xl" role="status" aria-live="polite" mih={120}>
      {slow && (
        <Stack align="center" gap={8}>
          <Loader size="sm" aria-hidden />
          <Text size="sm" c="dimmed">
            Loading {what}
          </Text>
        </Stack>
      )}
    </Center>
  );
}

interface QueryProps<T> {
  query: UseQueryResult<T>;
  /** What is loaded, for "Loading …". */
  what: string;
  children: (data: T) => ReactNode;
}

/** The states of a query: loading, failed (with what was there before, if anything), there. */
export function Query<T>({ query, what, children }: QueryProps<T>) {
  const retry = () => void query.refetch();
  if (query.isPending) return <Loading what={what} />;
  if (query.data === undefined) return <ProblemView error={query.error} retry={retry} />;
  return (
    <>
      {query.isError && <ProblemView error={query.error} retry={retry} />}
      {children(query.data)}
    </>
  );
}
