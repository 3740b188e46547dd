/** A few line icons of our own; each stands beside its word, so none is read out. */
const PATHS = {
  home: "M4 11 12 4l8 7v9h-5v-6H9v6H4z",
  devices: "M4 5h16v11H4zM9 20h6M12 16v4",
  map: "M6 6h4v4H6zM15 4h4v4h-4zM14 16h4v4h-4zM8 10v4l7 3M10 8l5-2",
  findings: "M12 4 21 20H3zM12 10v5M12 17.5v.5",
  onboarding: "M5 4h14v16H5zM9 9h6M9 13h6M9 17h3",
  imports: "M12 4v10M8 10l4 4 4-4M5 19h14",
  history: "M12 12V7M12 12l4 2M4 12a8 8 0 1 0 2.5-5.8L4 8M4 4v4h4",
  sensors: "M12 14a2 2 0 1 0 0-4 2 2 0 0 0 0 4M7.5 16.5a6 6 0 0 1 0-9M16.5 7.5a6 6 0 0 1 0 9M5 19a9.5 9.5 0 0 1 0-14M19 5a9.5 9.5 0 0 1 0 14",
  ledger: "M6 4h12v16H6zM6 8h12M10 4v16",
  settings: "M5 7h8M17 7h2M5 17h2M11 17h8M15 5v4M9 15v4M5 12h14",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M18.4 5.6 17 7M7 17l-1.4 1.4",
  moon: "M19 14.5A7.5 7.5 0 1 1 9.5 5a6 6 0 0 0 9.5 9.5z",
  key: "M8 15a4 4 0 1 1 3.5-6H21v4h-3v3h-4v-3h-2.5A4 4 0 0 1 8 15z",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth={1.7} strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
