import { Text } from "@mantine/core";
import type { Attribute, Device } from "../../api/types";
import { AttributeRow, EvidenceList } from "../../components/Evidence";
import { Section } from "../../components/Page";
import { PlainTable } from "../../components/Table";
import { carrier, factKind, impactLabel, sentence } from "../../lib/words";
import { useTime } from "../../lib/zone";

/** Who it is, with the evidence of each property, and what disagrees. */
export function Identity({ device }: { device: Device }) {
  const all = attributes(device);
  const [known, unknown] = [all.filter(([, attribute]) => attribute), all.filter(([, attribute]) => !attribute)];
  return (
    <Section title="Who it is" id="who" lead="What was observed says so. Each line names its evidence; what disagrees stands beside it.">
      <dl className="facts">
        {known.map(([label, attribute, show]) => (
          <AttributeRow key={label} label={label} attribute={attribute} show={show} />
        ))}
        {(device.software ?? []).map((software) => (
          <AttributeRow key={software.value} label="Software" attribute={software} />
        ))}
        {unknown.length > 0 && (
          <>
            <dt>Not known</dt>
            <dd>{unknown.map(([label]) => label).join(", ")}</dd>
          </>
        )}
      </dl>
      <Addresses device={device} />
      <Services device={device} />
      <More device={device} />
    </Section>
  );
}

type Named = [label: string, attribute: Attribute | null | undefined, show?: (value: string) => string];

const attributes = (device: Device): Named[] => [
  ["Name", device.name],
  ["Maker", device.maker],
  ["Model", device.model],
  ["Class", device.class, sentence],
  ["Clinical impact", device.clinical_impact, impactLabel],
  ["Serial number", device.serial],
  ["Firmware", device.firmware],
  ["Operating system", device.os],
  ["UDI", device.udi],
  ["Location it states", device.location],
];

function Addresses({ device }: { device: Device }) {
  const time = useTime();
  return (
    <>
      <Text component="h3" fw={600} mt="md" mb={4}>Interfaces and addresses</Text>
      <PlainTable label="Interfaces and addresses" head={["Address", "On", "Known by", "First seen", "Last seen"]}>
        {device.interfaces.map((one) => (
          <tr key={one.mac ?? "none"}>
            <td className="mono">{one.mac ?? "No link-layer address seen"}</td>
            <td>{one.locally_administered ? "Set by software" : (one.registrant ?? "Block not registered")}{one.vlans && one.vlans.length > 0 ? `, VLAN ${one.vlans.join(", ")}` : ""}</td>
            <td>Frames</td>
            <td>{time.full(one.first_seen)}</td>
            <td>{time.full(one.last_seen)}</td>
          </tr>
        ))}
        {device.addresses.map((one) => (
          <tr key={`${one.ip}-${one.mac}-${one.first_seen}`}>
            <td className="mono">{one.ip}</td>
            <td className="mono">{one.mac ?? ""}</td>
            <td>{KNOWN_BY[one.known_by] ?? one.known_by}</td>
            <td>{time.full(one.first_seen)}</td>
            <td>{time.full(one.last_seen)}</td>
          </tr>
        ))}
      </PlainTable>
    </>
  );
}

const KNOWN_BY: Record<string, string> = { lease: "DHCP lease", arp: "ARP", nd: "IPv6 neighbour discovery", traffic: "Its traffic" };

function Services({ device }: { device: Device }) {
  if (!device.services?.length) return null;
  return (
    <>
      <Text component="h3" fw={600} mt="md" mb={4}>Services it answers on</Text>
      <PlainTable label="Services" head={["Service", "Port", "Clients seen", "What its banners say"]}>
        {device.services.map((one) => (
          <tr key={`${carrier(one.transport)}-${one.port}-${one.protocol}`}>
            <td>{one.name}{one.management ? " (administers the device)" : ""}</td>
            <td>{one.port} {carrier(one.transport)}</td>
            <td>{one.clients}</td>
            <td className="mono">{(one.banners ?? []).join("; ")}</td>
          </tr>
        ))}
      </PlainTable>
    </>
  );
}

/** Identifiers, other facts, and devices that it reports on, folded away. */
function More({ device }: { device: Device }) {
  const facts = [...(device.identifiers ?? []), ...(device.facts ?? [])];
  return (
    <>
      {facts.length > 0 && (
        <details style={{ marginTop: 16 }}>
          <summary>All {facts.length} identifiers and facts</summary>
          <dl className="facts" style={{ marginTop: 8 }}>
            {facts.map((fact) => (
              <Fact key={`${factKind(fact.kind)}-${fact.value}`} kind={factKind(fact.kind)} value={fact.value}>
                <EvidenceList evidence={fact.evidence} />
              </Fact>
            ))}
          </dl>
        </details>
      )}
      {(device.reports ?? []).map((reported, index) => (
        <details key={index} style={{ marginTop: 8 }}>
          <summary>It reports on another device: {reported.facts.map((fact) => fact.value).join(", ")}</summary>
          {reported.facts.map((fact) => (
            <EvidenceList key={factKind(fact.kind) + fact.value} evidence={fact.evidence} />
          ))}
        </details>
      ))}
    </>
  );
}

function Fact({ kind, value, children }: { kind: string; value: string; children: React.ReactNode }) {
  return (
    <>
      <dt>{sentence(kind)}</dt>
      <dd>
        <span className="mono">{value}</span>
        {children}
      </dd>
    </>
  );
}
