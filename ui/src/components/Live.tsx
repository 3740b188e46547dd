import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

/** What a server-sent event of the hub makes old, by its name. */
const OLD: Record<string, string[]> = {
  devices: ["devices", "device", "home", "map", "conversations", "isolation", "timeline"],
  findings: ["findings", "finding", "home"],
  record: ["device", "devices", "home"],
  sensors: ["sensors", "home"],
  captures: ["captures", "home"],
  onboarding: ["onboarding", "home"],
  break_glass: ["session", "break-glass", "home"],
  ledger: ["ledger"],
};

export type Line = "open" | "lost";

/** Listens to what changes at the hub, and says whether it can be heard. */
export function useLive(): Line {
  const queries = useQueryClient();
  const [line, setLine] = useState<Line>("open");
  useEffect(() => {
    const source = new EventSource("/api/events");
    const renew = (event: MessageEvent | Event) => {
      for (const key of OLD[event.type] ?? []) void queries.invalidateQueries({ queryKey: [key] });
    };
    for (const name of Object.keys(OLD)) source.addEventListener(name, renew);
    source.onopen = () => setLine("open");
    source.onerror = () => setLine(source.readyState === EventSource.OPEN ? "open" : "lost");
    return () => source.close();
  }, [queries]);
  return line;
}
