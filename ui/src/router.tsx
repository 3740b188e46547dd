import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet } from "@tanstack/react-router";
import { NotFound, RouteProblem } from "./components/RouteStates";
import { Shell } from "./shell/Shell";

/** Search parameters are kept as plain text, so that a link can be read, sent and typed. */
export type Search = Record<string, string | undefined>;
const search = (given: Record<string, unknown>): Search => {
  const kept: Search = {};
  for (const [key, value] of Object.entries(given)) if (value !== undefined && value !== null && value !== "") kept[key] = String(value);
  return kept;
};

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound, errorComponent: RouteProblem });
const shell = createRoute({ getParentRoute: () => root, id: "shell", component: Shell });

const screens = [
  createRoute({ getParentRoute: () => shell, path: "/", validateSearch: search, component: lazyRouteComponent(() => import("./screens/home/Home"), "Home") }),
  createRoute({ getParentRoute: () => shell, path: "/devices", validateSearch: search, component: lazyRouteComponent(() => import("./screens/devices/Devices"), "Devices") }),
  createRoute({ getParentRoute: () => shell, path: "/devices/$id", validateSearch: search, component: lazyRouteComponent(() => import("./screens/device/Device"), "DeviceScreen") }),
  createRoute({ getParentRoute: () => shell, path: "/map", validateSearch: search, component: lazyRouteComponent(() => import("./screens/map/Map"), "MapScreen") }),
  createRoute({ getParentRoute: () => shell, path: "/findings", validateSearch: search, component: lazyRouteComponent(() => import("./screens/findings/Findings"), "Findings") }),
  createRoute({ getParentRoute: () => shell, path: "/onboarding", validateSearch: search, component: lazyRouteComponent(() => import("./screens/onboarding/Onboardings"), "Onboardings") }),
  createRoute({ getParentRoute: () => shell, path: "/onboarding/$id", component: lazyRouteComponent(() => import("./screens/onboarding/OnboardingOne"), "OnboardingScreen") }),
  createRoute({ getParentRoute: () => shell, path: "/imports", component: lazyRouteComponent(() => import("./screens/imports/Imports"), "Imports") }),
  createRoute({ getParentRoute: () => shell, path: "/imports/$id", component: lazyRouteComponent(() => import("./screens/imports/ImportOne"), "ImportScreen") }),
  createRoute({ getParentRoute: () => shell, path: "/sensors", component: lazyRouteComponent(() => import("./screens/sensors/Sensors"), "Sensors") }),
  createRoute({ getParentRoute: () => shell, path: "/findings/$id", component: lazyRouteComponent(() => import("./screens/findings/Finding"), "FindingScreen") }),
  createRoute({ getParentRoute: () => shell, path: "/break-glass", component: lazyRouteComponent(() => import("./screens/glass/BreakGlass"), "BreakGlass") }),
  createRoute({ getParentRoute: () => shell, path: "/history", validateSearch: search, component: lazyRouteComponent(() => import("./screens/history/History"), "History") }),
  createRoute({ getParentRoute: () => shell, path: "/ledger", validateSearch: search, component: lazyRouteComponent(() => import("./screens/ledger/Ledger"), "Ledger") }),
  createRoute({ getParentRoute: () => shell, path: "/settings", validateSearch: search, component: lazyRouteComponent(() => import("./screens/settings/Settings"), "Settings") }),
  createRoute({ getParentRoute: () => shell, path: "/account", component: lazyRouteComponent(() => import("./screens/account/Account"), "Account") }),
] as const;

export const router = createRouter({
  routeTree: root.addChildren([shell.addChildren([...screens])]),
  defaultPreload: "intent",
  scrollRestoration: true,
  // 'd-0011' and '007' are text, not numbers: nothing in a link is taken for JSON.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (values) => {
    const text = new URLSearchParams(Object.entries(values).filter((pair): pair is [string, string] => typeof pair[1] === "string" && pair[1] !== "")).toString();
    return text ? `?${text}` : "";
  },
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
