import { Tabs } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Page } from "../../components/Page";
import { Empty } from "../../components/States";
import { useWho } from "../../session";
import { HistoryKept } from "./HistoryKept";
import { People } from "./People";
import { SignInSettings } from "./SignInSettings";
import { Sites } from "./Sites";
import { Wards } from "./Wards";

const PARTS = [
  { id: "people", label: "People", right: "manage_people", shown: <People /> },
  { id: "sites", label: "Sites", right: "manage_people", shown: <Sites /> },
  { id: "wards", label: "Break-glass", right: "manage_people", shown: <Wards /> },
  { id: "sign-in", label: "Sign-in", right: "manage_hub", shown: <SignInSettings /> },
  { id: "history", label: "Retention", right: "manage_hub", shown: <HistoryKept /> },
] as const;

/** What administrators set. */
export function Settings() {
  const { may } = useWho();
  const go = useNavigate();
  const { part } = useSearch({ strict: false });
  const parts = PARTS.filter(({ right }) => may(right));
  const chosen = parts.find(({ id }) => id === part) ?? parts[0];
  return (
    <Page title="Settings" lead="Who may do what, at which sites, and how the hub keeps what it knows. Every change stands in the ledger.">
      {!chosen && <Empty title="Your role sets nothing here">Administrators look after people, sites and the hub.</Empty>}
      {chosen && (
        <Tabs value={chosen.id} onChange={(id) => void go({ to: "/settings", search: { part: id ?? undefined } })} keepMounted={false}>
          <Tabs.List mb="md">
            {parts.map(({ id, label }) => <Tabs.Tab key={id} value={id}>{label}</Tabs.Tab>)}
          </Tabs.List>
          {parts.map(({ id, shown }) => <Tabs.Panel key={id} value={id}>{shown}</Tabs.Panel>)}
        </Tabs>
      )}
    </Page>
  );
}
