import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo } from "react";
import { api, body, onSignedOut, rememberCsrf } from "./api/client";
import { asProblem } from "./api/problem";
import type { Right, Session, Setup } from "./api/shapes";

interface Who {
  session: Session;
  /** Whether the caller's roles give a right somewhere; the hub decides, this only spares people a refusal. */
  may: (right: Right) => boolean;
  signOut: () => Promise<void>;
}

const WhoContext = createContext<Who | undefined>(undefined);

/** Who is signed in; only screens behind sign-in may ask. */
export function useWho(): Who {
  const who = useContext(WhoContext);
  if (!who) throw new Error("useWho outside of sign-in");
  return who;
}

export const sessionKey = ["session"] as const;

/** The session, or null where nobody is signed in. */
export async function fetchSession(): Promise<Session | null> {
  try {
    const session: Session = await body(api.GET("/api/session", {}));
    rememberCsrf(session.csrf);
    return session;
  } catch (error) {
    if (asProblem(error).status === 401) return null;
    throw error;
  }
}

export const useSession = () => useQuery({ queryKey: sessionKey, queryFn: fetchSession, staleTime: 60_000, refetchOnWindowFocus: true });
export const useSetup = () => useQuery<Setup>({ queryKey: ["setup"], queryFn: () => body(api.GET("/api/setup", {})), staleTime: Infinity });

export function WhoProvider({ session, children }: { session: Session; children: ReactNode }) {
  const queries = useQueryClient();
  useEffect(() => onSignedOut(() => queries.setQueryData(sessionKey, null)), [queries]);
  const signOut = useCallback(async () => {
    await body(api.DELETE("/api/session", {}));
    rememberCsrf(undefined);
    queries.setQueryData(sessionKey, null);
    // Nothing that this person was shown stays; the set-up and the session are what the page itself stands on.
    queries.removeQueries({ predicate: ({ queryKey: [kind] }) => kind !== "setup" && kind !== sessionKey[0] });
  }, [queries]);
  const who = useMemo<Who>(() => ({ session, may: (right) => session.rights.includes(right), signOut }), [session, signOut]);
  return <WhoContext.Provider value={who}>{children}</WhoContext.Provider>;
}
