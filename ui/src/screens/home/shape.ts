/** The four answers, each with how sure we are and what is missing. */
export interface Answer {
  id: "devices" | "talks" | "administration" | "response";
  /** The answer in a sentence. */
  said: string;
  /** How sure, from 0 to 1; absent where nothing was seen to be sure of. */
  confidence?: number | null;
  missing: string[];
  figures: { label: string; value: number; link?: string | null }[];
}

export interface Task {
  id: string;
  title: string;
  why?: string | null;
  link?: string | null;
  due?: string | null;
  severity?: string | null;
}

export interface HomeAnswers {
  as_of?: string | null;
  answers: Answer[];
  tasks: Task[];
}
