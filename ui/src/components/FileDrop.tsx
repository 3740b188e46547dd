import { Button, Text } from "@mantine/core";
import { type DragEvent, type ReactNode, useRef, useState } from "react";

interface FileDropProps {
  accept: string;
  label: string;
  disabled?: boolean;
  take: (files: File[]) => void;
  multiple?: boolean;
  children?: ReactNode;
}

/** Files dropped on the page or chosen with a button; both ways lead to the same place. */
export function FileDrop({ accept, label, disabled, take, multiple, children }: FileDropProps) {
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const files = [...event.dataTransfer.files];
    if (!disabled && files.length > 0) take(multiple ? files : files.slice(0, 1));
  };
  return (
    <div className="drop" data-over={over || undefined} onDrop={drop} onDragLeave={() => setOver(false)} onDragOver={(event) => { event.preventDefault(); setOver(true); }}>
      <Text mb="xs">{label}</Text>
      <Button variant="default" disabled={disabled} onClick={() => input.current?.click()}>
        Choose {multiple ? "files" : "a file"}
      </Button>
      <input
        ref={input} type="file" hidden accept={accept} multiple={multiple} aria-label={label} data-testid="file"
        onChange={(event) => { const files = [...(event.target.files ?? [])]; event.target.value = ""; if (files.length > 0) take(files); }}
      />
      {children && <Text component="div" size="sm" c="dimmed" mt="xs">{children}</Text>}
    </div>
  );
}
