/** Finds the phase that failed in the output of `kind create cluster`, which has pages of Go stack frames. */

/** The two lines of a stack frame: its place in a file, and its function: `main.main`, `k8s.io/kubernetes/cmd/x.(*Runner).Run.func1`. */
const framePlace = /^\s+\S+\.(?:go|s):\d+/;
const frameFunction = /^(?:main|runtime|(?:[\w.-]+\/)+[\w-]+)\.(?:\(\*\w+\)\.)?\w+(?:\.func\d+)*$/;

/** Whether the line belongs to a Go stack trace. kubeadm prints a trace for each error. */
export const isGoFrame = (line: string): boolean => framePlace.test(line) || frameFunction.test(line);

export interface KindFailure {
  /** Reads one more line of the output. */
  add(line: string): void;
  /** `kubeadm failed in phase wait-control-plane`; undefined when the output names no phase. */
  why(): string | undefined;
}

export const kindFailure = (): KindFailure => {
  let phase: string | undefined;
  let step: string | undefined;
  let error: string | undefined;
  return {
    add(line) {
      // kubeadm appends a reason to some phases: keep it.
      phase = /error execution phase (\S.*)$/.exec(line)?.[1] ?? phase;
      step = /✗ (.*?)\s*[^\x20-\x7e]*\s*$/u.exec(line)?.[1] ?? step;
      error = /^ERROR: failed to create cluster: (.*?)(?:: command ".*)?$/.exec(line)?.[1] ?? error;
    },
    why() {
      const said = [
        ...(step === undefined ? [] : [`kind failed at the step "${step}"`]),
        ...(error === undefined ? [] : [error]),
        ...(phase === undefined ? [] : [`kubeadm failed in phase ${phase}`]),
      ];
      return said.length === 0 ? undefined : said.join('\n');
    },
  };
};
