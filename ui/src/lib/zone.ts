import { createContext, useContext, useEffect, useState } from "react";
import { type TimeFormat, timeFormat } from "./time";

/** How times are written on this screen: in the zone of the site that is looked at. */
export const TimeContext = createContext<TimeFormat>(timeFormat("UTC"));
export const useTime = (): TimeFormat => useContext(TimeContext);

/** The present, renewed every so many milliseconds. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
