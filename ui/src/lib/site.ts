import { createContext, useContext } from "react";
import type { Site } from "../api/shapes";

interface SiteChoice {
  /** The site that is looked at; none means all that the caller sees. */
  site: Site | undefined;
  choose: (id: string) => void;
}

export const SiteContext = createContext<SiteChoice>({ site: undefined, choose: () => {} });
export const useSite = (): SiteChoice => useContext(SiteContext);
