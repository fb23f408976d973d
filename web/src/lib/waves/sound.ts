// Where the bytes of a recording come from: a file of the project, or the row itself (a data: address becomes a blob, which the CSP lets play).

export interface Sound {
  url: string;
  bytes: (signal: AbortSignal) => Promise<{ stream: ReadableStream<Uint8Array>; size: number | null }>;
  close: () => void;
}

/** Makes a playable address of it. Throws where a data: address is none. */
export function soundAt(url: string): Sound {
  if (!url.startsWith('data:')) {
    return {
      url,
      bytes: async (signal) => {
        const answer = await fetch(url, { signal, credentials: 'same-origin' });
        if (!answer.ok || !answer.body) throw new Error(`HTTP ${answer.status}`);
        return { stream: answer.body, size: Number(answer.headers.get('content-length')) || null };
      },
      close: () => undefined,
    };
  }
  const comma = url.indexOf(',');
  const head = url.slice(5, comma);
  const body = url.slice(comma + 1);
  const text = /;base64$/i.test(head) ? atob(body.replace(/%3D/gi, '=')) : decodeURIComponent(body);
  const blob = new Blob([Uint8Array.from(text, (letter) => letter.charCodeAt(0))], { type: head.split(';')[0] });
  const made = URL.createObjectURL(blob);
  return { url: made, bytes: async () => ({ stream: blob.stream(), size: blob.size }), close: () => URL.revokeObjectURL(made) };
}
