import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from "react";
import { usePrinting } from "../lib/printing";

export interface Column<Row> {
  id: string;
  title: string;
  cell: (row: Row) => ReactNode;
  number?: boolean;
  width?: number;
  /** The API can sort by it. */
  sortable?: boolean;
}

interface TableProps<Row> {
  label: string;
  rows: Row[];
  columns: Column<Row>[];
  rowId: (row: Row) => string;
  /** Total at the server, where it is known and more than the rows here. */
  total?: number;
  open?: (row: Row) => void;
  sort?: { by: string; set: (by: string) => void };
  chosen?: { ids: ReadonlySet<string>; toggle: (id: string) => void; all: () => void };
  /** Called when the end comes into sight. */
  more?: () => void;
  height?: string;
}

const ROW = 37;

/** A table of any length, of which only the rows in sight are in the document. Arrow keys move, Enter opens, Space chooses. */
export function Table<Row>({ label, rows, columns, rowId, total, open, sort, chosen, more, height = "min(68vh, 900px)" }: TableProps<Row>) {
  const scroll = useRef<HTMLDivElement>(null);
  const printing = usePrinting();
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroll.current, estimateSize: () => ROW, overscan: 12 });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && rows.length > 0 && last >= rows.length - 15) more();
  }, [last, rows.length, more]);

  const shown = printing ? rows.map((_, index) => index) : items.map((item) => item.index);
  const before = printing ? 0 : (items[0]?.start ?? 0);
  const after = printing ? 0 : virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  const span = columns.length + (chosen ? 1 : 0);

  const key = (event: KeyboardEvent<HTMLTableRowElement>, index: number, row: Row) => {
    if (event.target !== event.currentTarget) return;
    const to = { ArrowDown: index + 1, ArrowUp: index - 1, PageDown: index + 15, PageUp: index - 15, Home: 0, End: rows.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      focusRow(Math.min(rows.length - 1, Math.max(0, to)));
    } else if (event.key === "Enter" && open) open(row);
    else if (event.key === " " && chosen) {
      event.preventDefault();
      chosen.toggle(rowId(row));
    }
  };
  const focusRow = (index: number) => {
    virtual.scrollToIndex(index);
    const find = () => scroll.current?.querySelector<HTMLElement>(`tr[data-row="${index}"]`)?.focus();
    requestAnimationFrame(() => requestAnimationFrame(find));
  };

  return (
    <div className="scroll" ref={scroll} style={{ maxHeight: height }} tabIndex={0} role="region" aria-label={label}>
      <table className="grid" data-fixed aria-rowcount={(total ?? rows.length) + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {chosen && (
              <th style={{ width: 34 }}>
                <input type="checkbox" aria-label="Choose all that are loaded" checked={rows.length > 0 && chosen.ids.size >= rows.length} onChange={chosen.all} />
              </th>
            )}
            {columns.map((column) => (
              <Head key={column.id} column={column} sort={sort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {before > 0 && <tr className="gap" aria-hidden="true"><td colSpan={span} style={{ height: before }} /></tr>}
          {shown.map((index) => {
            const row = rows[index];
            if (row === undefined) return null;
            const id = rowId(row);
            return (
              <tr key={id} data-row={index} aria-rowindex={index + 2} tabIndex={index === shown[0] ? 0 : -1} onKeyDown={(event) => key(event, index, row)} style={{ height: ROW }}>
                {chosen && (
                  <td>
                    <input type="checkbox" aria-label={`Choose ${id}`} checked={chosen.ids.has(id)} onChange={() => chosen.toggle(id)} />
                  </td>
                )}
                {columns.map((column) => (
                  <td key={column.id} className={column.number ? "number" : undefined} style={column.width ? { maxWidth: column.width } : undefined}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            );
          })}
          {after > 0 && <tr className="gap" aria-hidden="true"><td colSpan={span} style={{ height: after }} /></tr>}
        </tbody>
      </table>
    </div>
  );
}

function Head<Row>({ column, sort }: { column: Column<Row>; sort: TableProps<Row>["sort"] }) {
  const state = sort?.by === column.id ? "ascending" : sort?.by === `-${column.id}` ? "descending" : undefined;
  return (
    <th scope="col" className={column.number ? "number" : undefined} aria-sort={state}>
      {sort && column.sortable ? (
        <button type="button" onClick={() => sort.set(state === "ascending" ? `-${column.id}` : column.id)}>
          {column.title}
          {state && <span aria-hidden="true">{state === "ascending" ? " ▲" : " ▼"}</span>}
        </button>
      ) : (
        column.title
      )}
    </th>
  );
}

/** A short table that needs no scrolling of its own downwards. */
export function PlainTable({ label, head, children }: { label: string; head: string[]; children: ReactNode }) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={label}>
      <table className="grid">
        <thead>
          <tr>
            {head.map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
