import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

/** What a server-sent event of the hub makes old, by its name. */
const OLD: Record<string, string[]> = {
  observed: ["devices", "device", "home", "map", "conversations", "isolation", "timeline", "findings", "finding", "sensors", "onboarding"],
  finding: ["findings", "finding", "home"],
  record: ["device", "devices", "home", "onboarding", "timeline"],
  onboarding: ["onboarding", "device", "devices"],
  capture: ["captures"],
  sensor: ["sensors"],
  notice: ["session", "home"],
  missed: ["devices", "device", "home", "map", "conversations", "isolation", "timeline", "findings", "finding", "captures", "sensors", "onboarding", "views", "imports"],
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
