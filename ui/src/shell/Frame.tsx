import { ActionIcon, AppShell, Burger, Button, Group, Menu, NativeSelect, Text, TextInput, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useDisclosure, useLocalStorage, useNetwork } from "@mantine/hooks";
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { type FormEvent, Suspense, useEffect, useMemo, useState } from "react";
import type { Right, Session } from "../api/shapes";
import { Icon, type IconName } from "../components/icons";
import { useLive } from "../components/Live";
import { Loading } from "../components/States";
import { SiteContext } from "../lib/site";
import { timeFormat } from "../lib/time";
import { TimeContext } from "../lib/zone";
import { sentence } from "../lib/words";
import { useWho } from "../session";

/** Screens in the order of the navigation, with the right that opens each; the hub refuses, this only hides. */
const SCREENS: { to: string; label: string; icon: IconName; right?: Right }[] = [
  { to: "/", label: "Home", icon: "home" },
  { to: "/devices", label: "Devices", icon: "devices" },
  { to: "/map", label: "Map", icon: "map" },
  { to: "/findings", label: "Findings", icon: "findings" },
  { to: "/onboarding", label: "Onboarding", icon: "onboarding", right: "view_inventory" },
  { to: "/imports", label: "Import", icon: "imports", right: "move_data" },
  { to: "/sensors", label: "Sensors", icon: "sensors", right: "view_inventory" },
  { to: "/break-glass", label: "Break-glass", icon: "key" },
  { to: "/history", label: "History", icon: "history", right: "search_history" },
  { to: "/ledger", label: "Ledger", icon: "ledger", right: "read_ledger" },
  { to: "/settings", label: "Settings", icon: "settings", right: "manage_people" },
];

export function Frame() {
  const { session } = useWho();
  const [open, menu] = useDisclosure(false);
  const [siteId, setSiteId] = useLocalStorage({ key: "medwarden.site", defaultValue: "", getInitialValueInEffect: false });
  const site = session.sites.find((one) => one.id === siteId) ?? (session.sites.length === 1 ? session.sites[0] : undefined);
  const time = useMemo(() => timeFormat(site?.time_zone ?? session.sites[0]?.time_zone), [site, session.sites]);
  const path = useRouterState({ select: (state) => state.location.pathname });
  useEffect(() => menu.close(), [path, menu.close]);

  return (
    <TimeContext.Provider value={time}>
      <SiteContext.Provider value={{ site, choose: setSiteId }}>
        <a className="skip" href="#main">Skip to the content</a>
        <AppShell header={{ height: { base: 100, sm: 56 } }} navbar={{ width: 210, breakpoint: "sm", collapsed: { mobile: !open } }} padding="md">
          <AppShell.Header>
            <Header open={open} toggle={menu.toggle} siteId={site?.id ?? ""} chooseSite={setSiteId} session={session} />
          </AppShell.Header>
          <AppShell.Navbar p="xs" className="mw-nav" aria-label="Screens">
            {SCREENS.map((screen) => (
              <Entry key={screen.to} {...screen} />
            ))}
          </AppShell.Navbar>
          <AppShell.Main id="main">
            <Banners session={session} />
            <Suspense fallback={<Loading what="the screen" />}>
              <Outlet />
            </Suspense>
          </AppShell.Main>
        </AppShell>
      </SiteContext.Provider>
    </TimeContext.Provider>
  );
}

function Entry({ to, label, icon, right }: (typeof SCREENS)[number]) {
  const { may } = useWho();
  if (right && !may(right)) return null;
  return (
    <Link to={to} activeOptions={{ exact: to === "/" }}>
      <Icon name={icon} />
      {label}
    </Link>
  );
}

interface HeaderProps {
  open: boolean;
  toggle: () => void;
  siteId: string;
  chooseSite: (id: string) => void;
  session: Session;
}

function Header({ open, toggle, siteId, chooseSite, session }: HeaderProps) {
  return (
    <Group h="100%" px="sm" gap="xs" justify="space-between" wrap="wrap">
      <Group gap="xs" wrap="nowrap">
        <Burger opened={open} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={open ? "Close the list of screens" : "Open the list of screens"} />
        <Link to="/" style={{ color: "inherit", textDecoration: "none" }}>
          <Text fw={700} size="lg" component="span">Medwarden</Text>
        </Link>
        {session.sites.length > 1 && (
          <NativeSelect size="xs" aria-label="Site" value={siteId} onChange={(event) => chooseSite(event.currentTarget.value)} data={[{ value: "", label: "All sites" }, ...session.sites.map((site) => ({ value: site.id, label: site.name }))]} />
        )}
      </Group>
      <Group gap="xs" wrap="nowrap" style={{ flex: "1 1 260px" }} justify="flex-end">
        <Find />
        <Scheme />
        <Person />
      </Group>
    </Group>
  );
}

function Find() {
  const go = useNavigate();
  const [text, setText] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void go({ to: "/devices", search: { q: text.trim() || undefined } });
  };
  return (
    <form role="search" onSubmit={submit} style={{ flex: "1 1 120px", maxWidth: 300 }}>
      <TextInput size="xs" aria-label="Find a device" placeholder="Find a device: name, address, serial" value={text} onChange={(event) => setText(event.currentTarget.value)} />
    </form>
  );
}

function Scheme() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  const other = scheme === "dark" ? "light" : "dark";
  return (
    <ActionIcon variant="default" size="md" aria-label={`Use ${other} colours`} title={`Use ${other} colours`} onClick={() => setColorScheme(other)}>
      <Icon name={scheme === "dark" ? "sun" : "moon"} size={18} />
    </ActionIcon>
  );
}

function Person() {
  const { session, signOut } = useWho();
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button size="xs" variant="default" maw={170}>
          <Text span truncate size="xs">{session.name}</Text>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{[...new Set(session.roles.map((held) => sentence(held.role)))].join(", ") || "No role"}</Menu.Label>
        <Menu.Item component={Link} to="/account">Your account</Menu.Item>
        <Menu.Item onClick={() => void signOut()}>Sign out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** What concerns every screen: no line to the hub, and extraordinary rights that run. */
function Banners({ session }: { session: Session }) {
  const { online } = useNetwork();
  const line = useLive();
  return (
    <div aria-live="polite">
      {(!online || line === "lost") && (
        <div className="banner no-print" data-tone="medium" style={{ marginBottom: 12 }}>
          <b>{online ? "The hub does not answer." : "This computer is offline."}</b> What you see was true when it was loaded and may be old. It is renewed as soon as the line is back.
        </div>
      )}
      {session.break_glass && (
        <div className="banner" data-tone="critical" style={{ marginBottom: 12 }} role="status">
          <b>Break-glass is on.</b> Everything you do is marked. <Link to="/break-glass" style={{ color: "inherit" }}>End it</Link>
        </div>
      )}
    </div>
  );
}
