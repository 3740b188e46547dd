import { Anchor } from "@mantine/core";
import { useRouter } from "@tanstack/react-router";
import type { MouseEvent, ReactNode } from "react";

/** A link to an address of this page that came as text from the hub. Anything that leaves the page is shown as text only. */
export function TextLink({ to, children }: { to: string; children: ReactNode }) {
  const router = useRouter();
  if (!to.startsWith("/") || to.startsWith("//") || to.startsWith("/\\")) return <>{children}</>;
  const follow = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    router.history.push(to);
  };
  return <Anchor href={to} onClick={follow}>{children}</Anchor>;
}
