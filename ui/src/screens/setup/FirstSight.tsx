import { Button, Group, NativeSelect, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, body } from "../../api/client";
import type { Setup } from "../../api/shapes";
import { CaptureDrop } from "../../components/CaptureDrop";
import { ProblemView } from "../../components/Problem";

/** Something to look at: a capture dropped on the page, or a live interface. */
export function FirstSight({ setup, finish }: { setup: Setup; finish: () => void }) {
  const interfaces = setup.interfaces ?? [];
  const [name, setName] = useState(interfaces[0]?.name ?? "");
  const listen = useMutation({ mutationFn: () => body(api.POST("/api/sensors/local", { body: { interface: name } })), onSuccess: finish });
  return (
    <Stack gap="lg">
      <CaptureDrop done={finish} />
      {interfaces.length > 0 && (
        <div>
          <Text fw={600} mb={4}>Or listen on an interface of this machine</Text>
          <Group align="flex-end">
            <NativeSelect label="Interface" description="One that a mirror port or a tap is connected to." value={name} onChange={(event) => setName(event.currentTarget.value)} data={interfaces.map((one) => ({ value: one.name, label: one.up ? one.name : `${one.name} (down)` }))} />
            <Button variant="default" onClick={() => listen.mutate()} loading={listen.isPending}>Listen</Button>
          </Group>
          {listen.error && <ProblemView error={listen.error} />}
        </div>
      )}
      <Group><Button variant="default" onClick={finish}>Later</Button></Group>
    </Stack>
  );
}
