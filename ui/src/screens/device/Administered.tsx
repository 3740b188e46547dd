import { Text } from "@mantine/core";
import type { Device } from "../../api/types";
import { Section } from "../../components/Page";
import { PartyName } from "../../components/PartyName";
import { PlainTable } from "../../components/Table";
import { Tag } from "../../components/Tags";
import { useTime } from "../../lib/zone";

/** Who was seen to administer it. What people say about that stands under People and place. */
export function Administered({ device }: { device: Device }) {
  const time = useTime();
  const uses = device.administration ?? [];
  return (
    <Section title="Who administers it, as seen" id="administered">
      {uses.length === 0 ? (
        <Text size="sm">Nobody was seen to administer it over the network. A console, a serial line or a port that no sensor sees is not ruled out.</Text>
      ) : (
        <PlainTable label="Who administers it" head={["From", "By", "Signs in with", "Account", "Result", "Concerns", "Last"]}>
          {uses.map((use) => (
            <tr key={`${use.conversation}-${use.service}`}>
              <td><PartyName party={use.from} /></td>
              <td>{use.remote_tool ?? use.service}, port {use.port}</td>
              <td>{use.authentication.join(", ") || "Not visible"}</td>
              <td className="mono">{(use.accounts ?? []).join(", ")}</td>
              <td>{(use.outcomes ?? []).join(", ") || "Not visible"}</td>
              <td>
                {use.default_credential && <Tag tone="critical">Default credential</Tag>} {use.shared_credential && <Tag tone="medium">Shared credential</Tag>} {use.cleartext && <Tag tone="high">Secret in the clear</Tag>}
              </td>
              <td>{time.full(use.last_seen)}</td>
            </tr>
          ))}
        </PlainTable>
      )}
    </Section>
  );
}
