/** Reads what `kind create cluster` printed before it failed: which phase it was, in front of pages of Go stack frames. */

/** The place of a frame, and the function before it: `main.main`, `k8s.io/kubernetes/cmd/x.(*Runner).Run.func1`. */
const framePlace = /^\s+\S+\.(?:go|s):\d+/;
const frameFunction = /^(?:main|runtime|(?:[\w.-]+\/)+[\w-]+)\.(?:\(\*\w+\)\.)?\w+(?:\.func\d+)*$/;

/** Whether it is a line of a Go stack trace. kubeadm prints one for each error. */
export const isGoFrame = (line: string): boolean => framePlace.test(line) || frameFunction.test(line);

export interface KindFailure {
  /** Looks at one more line. */
  see(line: string): void;
  /** `kubeadm failed in phase wait-control-plane`; undefined where nothing of the kind was printed. */
  why(): string | undefined;
}

export const kindFailure = (): KindFailure => {
  let phase: string | undefined;
  let step: string | undefined;
  let error: string | undefined;
  return {
    see(line) {
      // With its reason where kubeadm puts one behind it.
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
