/** What a process can be asked, by name: the question and its answer are plain data. */
export type TaskTable<Tasks> = {
  readonly [T in keyof Tasks]: { readonly ask: object; readonly answer: object };
};

/** What performs the tasks. */
export type TaskWork<Tasks extends TaskTable<Tasks>> = {
  readonly [T in keyof Tasks]: (ask: Tasks[T]['ask']) => Promise<Tasks[T]['answer']>;
};

export interface TaskMessage<Tasks extends TaskTable<Tasks>> {
  readonly id: number;
  readonly task: keyof Tasks;
  readonly ask: Tasks[keyof Tasks]['ask'];
}

export type TaskReply<Tasks extends TaskTable<Tasks>> =
  | { readonly id: number; readonly answer: Tasks[keyof Tasks]['answer'] }
  | { readonly id: number; readonly failure: string };
