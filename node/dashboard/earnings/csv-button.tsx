interface CsvButtonProps {
  /** Of the file. */
  readonly name: string;
  readonly text: () => string;
}

/** Saves figures as a file; they do not leave this browser. */
export function CsvButton({ name, text }: CsvButtonProps) {
  const save = (): void => {
    const url = URL.createObjectURL(new Blob([text()], { type: 'text/csv;charset=utf-8' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = name;
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <button type="button" class="button" onClick={save}>
      Save as CSV
    </button>
  );
}
