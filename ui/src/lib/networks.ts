/** Networks in CIDR form, as people type them. */

export interface Networks {
  good: string[];
  /** What could not be read, as it was typed. */
  bad: string[];
}

const V4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/;
const V6 = /^[0-9a-f:]{2,39}\/(\d{1,3})$/i;

function isNetwork(text: string): boolean {
  const four = V4.exec(text);
  if (four) return four.slice(1, 5).every((part) => Number(part) <= 255) && Number(four[5]) <= 32;
  const six = V6.exec(text);
  return six !== null && text.includes(":") && Number(six[1]) <= 128;
}

/** Reads networks that are parted by spaces, commas or lines. The hub checks them again. */
export function readNetworks(text: string): Networks {
  const parts = text.split(/[\s,;]+/).filter(Boolean);
  return { good: parts.filter(isNetwork), bad: parts.filter((part) => !isNetwork(part)) };
}
