import { Button, Group, Stack } from "@mantine/core";
import { CaptureDrop } from "../../components/CaptureDrop";

/** Something to look at: a capture dropped on the page. */
export function FirstSight({ site, finish }: { site: string | undefined; finish: () => void }) {
  return (
    <Stack gap="lg">
      <CaptureDrop site={site} done={finish} />
      <Group><Button variant="default" onClick={finish}>Later</Button></Group>
    </Stack>
  );
}
