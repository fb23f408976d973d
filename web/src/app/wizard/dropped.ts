// The files of a drop, those inside dropped folders too. Pure but for reading the names.

const MOST = 20_000;

async function inside(entry: FileSystemEntry, path: string, found: File[]): Promise<void> {
  if (found.length >= MOST || entry.name.startsWith('.')) return;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    // The folder that was dropped is not part of the names; those inside it are.
    if (path.includes('/')) Object.defineProperty(file, 'webkitRelativePath', { value: path.slice(path.indexOf('/') + 1) });
    found.push(file);
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const next = (): Promise<FileSystemEntry[]> => new Promise((resolve, reject) => reader.readEntries(resolve, reject));
  for (let some = await next(); some.length > 0; some = await next()) for (const one of some) await inside(one, `${path}/${one.name}`, found);
}

export async function filesOf(transfer: DataTransfer): Promise<File[]> {
  const entries = [...transfer.items].map((one) => one.webkitGetAsEntry()).filter((one) => one !== null);
  if (!entries.some((one) => one.isDirectory)) return [...transfer.files];
  const found: File[] = [];
  for (const entry of entries) await inside(entry, entry.name, found);
  return found;
}
