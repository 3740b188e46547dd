import { impactLabel, impactMeaning, percent, sentence, sureness } from "../lib/words";

export type Tone = "critical" | "high" | "medium" | "low" | "info" | "good";

export function Tag({ tone = "info", children, title }: { tone?: Tone; children: string; title?: string }) {
  return (
    <span className="tag" data-tone={tone} title={title}>
      {children}
    </span>
  );
}

export const SeverityTag = ({ severity }: { severity: string }) => <Tag tone={severity as Tone}>{sentence(severity)}</Tag>;

const IMPACT_TONE: Record<string, Tone> = { life_sustaining: "critical", therapy: "high", monitoring: "medium", diagnostic: "low" };

export function ImpactTag({ impact }: { impact: string | undefined | null }) {
  if (!impact) return <Tag>Impact not known</Tag>;
  return (
    <Tag tone={IMPACT_TONE[impact] ?? "info"} title={impactMeaning(impact)}>
      {impactLabel(impact)}
    </Tag>
  );
}

/** How sure we are, as a bar, percent, and a word for those who cannot see the bar. */
export function Sure({ confidence, words = false }: { confidence: number; words?: boolean }) {
  return (
    <span className="sure">
      <progress value={confidence} max={1} aria-hidden="true" />
      <span>
        {percent(confidence)}
        <span className={words ? undefined : "sr"}> {sureness(confidence)}</span>
      </span>
    </span>
  );
}
