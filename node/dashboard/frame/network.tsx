import type { StatusAnswer } from '../node-data/documents.ts';
import { networkWords } from './network-words.ts';

/** Ring and group in words. */
export function Network({ status }: { readonly status: StatusAnswer }) {
  return (
    <section class="stack" aria-labelledby="network">
      <h2 id="network">Among the others</h2>
      {networkWords(status).map((sentence) => (
        <p key={sentence} class="story">
          {sentence}
        </p>
      ))}
    </section>
  );
}
