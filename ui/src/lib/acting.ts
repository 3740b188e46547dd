import { type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";

/** Something that a person does: what it changes is read again, whether it was done or refused. */
export function useAct<Given = void, Got = unknown>(act: (given: Given) => Promise<Got>, changes: QueryKey[], done?: (got: Got) => void) {
  const queries = useQueryClient();
  return useMutation<Got, unknown, Given>({
    mutationFn: act,
    onSuccess: done,
    onSettled: () => Promise.all(changes.map((queryKey) => queries.invalidateQueries({ queryKey }))),
  });
}
