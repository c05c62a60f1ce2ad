/** Examples for the help of each command, by the words after `kni-demo`. */

export const examples: Readonly<Record<string, readonly string[]>> = {
  '': ['up --yes', 'pod create mypod', 'logs --pod mypod', 'down'],
  up: ['up --yes', 'up --name lab --workers 3 --backend vxlan', 'up --cni ./my.conflist', 'up --dry-run'],
  init: ['init --source containerd=../containerd'],
  build: ['build --stack upstream'],
  setup: ['setup --workers 3'],
  verify: ['verify', 'verify --name lab --json'],
  plan: ['plan', 'plan --stack upstream --format mermaid', 'plan --format dot | dot -Tsvg -o plan.svg'],
  pod: ['pod create mypod', 'pod inspect kube-system/mypod'],
  'pod create': [
    'pod create mypod --watch',
    'pod create mypod --node test1-worker',
    'pod create mypod --replicas 3 --network storage',
    'pod create -f pods.yaml',
  ],
  'pod list': ['pod list'],
  'pod delete': ['pod delete mypod', 'pod delete mypod-1 other/mypod'],
  'pod inspect': ['pod inspect mypod --check', 'pod inspect kube-system/mypod --json'],
  drill: ['drill readiness', 'drill --list', 'drill --all --json', 'drill --restore --name lab'],
  tour: ['tour', 'tour --auto --name lab'],
  doctor: ['doctor', 'doctor --fix'],
  stop: ['stop', 'stop --name lab', 'stop --runtime-of test1-worker'],
  start: ['start', 'start --name lab', 'start --runtime-of test1-worker'],
  kubectl: ['kubectl get pods --all-namespaces', 'kubectl --name lab exec -it mypod -- ash'],
  image: ['image load myimage:1'],
  'image load': ['image load myimage:1', 'image load ./myimage.tar'],
  networks: ['networks', 'networks --json'],
  status: ['status', 'status --watch'],
  compare: ['compare', 'compare --pods 4 --node test1-worker'],
  logs: ['logs --follow', 'logs --pod mypod --since 10m', 'logs --rpc AttachInterface --level warn'],
  events: ['events --follow', 'events --pod mypod --since 1h', 'events -f --json'],
  dashboard: ['dashboard', 'dashboard --read-only --record run.ndjson', 'dashboard --no-open --port 8080'],
  'dashboard replay': ['dashboard replay run.ndjson', 'dashboard replay run.ndjson --speed 4'],
  'dashboard export': ['dashboard export run.ndjson page.html'],
  'logs bundle': ['logs bundle bug.tar.gz'],
  runtime: ['runtime new hello'],
  'runtime test': [
    'runtime test ./hello',
    'runtime test --exec ./my-runtime --junit results.xml',
    'runtime test --node test1-worker',
  ],
  'runtime build': ['runtime build hello', 'runtime build --output /tmp/hello.mjs'],
  'runtime new': ['runtime new hello', 'runtime new hello --json'],
  bundle: ['bundle save kni-demo.tar'],
  'bundle save': ['bundle save kni-demo.tar'],
  'bundle load': ['bundle load kni-demo.tar --yes'],
  patch: ['patch check'],
  'patch check': ['patch check', 'patch check --stack upstream --json'],
  'patch rebase': ['patch rebase --component kubernetes --onto ../kubernetes'],
  down: ['down', 'down --name lab --yes', 'down --purge'],
  config: ['config show'],
  'config show': ['config show', 'KNI_DEMO_WORKERS=3 kni-demo config show --json'],
  completion: ['completion bash >/etc/bash_completion.d/kni-demo', 'completion fish | source'],
  explain: ['explain KNI-E402', 'explain'],
  version: ['version', 'version --json'],
};

/** `Examples:` with one line for each; empty for a command without examples. */
export const examplesText = (path: string): string => {
  const lines = (examples[path] ?? []).map((each) => (each.startsWith('KNI_') ? each : `kni-demo ${each}`));
  return lines.length === 0 ? '' : ['', 'Examples:', ...lines.map((line) => `  ${line}`)].join('\n');
};
