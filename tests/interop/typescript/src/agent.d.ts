// What the tests use of ../../npm/agent.mjs.

declare module '*/agent.mjs' {
  export interface Folder {
    path: string;
    remove(): Promise<void>;
  }
  export interface Agent {
    url: string;
    kill(): Promise<unknown>;
  }
  export function temporaryFolder(): Promise<Folder>;
  export function startAgent(folder: string): Promise<Agent>;
}
