import { Anchor, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Party } from "../api/types";

/** One side of a conversation: a link where it is a device, and where it stands otherwise. */
export function PartyName({ party }: { party: Party }) {
  const address = party.ip ?? party.mac ?? "";
  const name = party.name ?? address;
  if (party.device) {
    return (
      <Anchor component={Link} to="/devices/$id" params={{ id: party.device } as never} size="sm" title={address}>
        {name || party.device}
      </Anchor>
    );
  }
  const where = { outside: "outside the site", group: "a group address", inside: "never heard itself" }[party.scope];
  return (
    <Text component="span" size="sm">
      {name} <Text component="span" c="dimmed" size="xs">({party.name && address ? `${address}, ` : ""}{where})</Text>
    </Text>
  );
}
