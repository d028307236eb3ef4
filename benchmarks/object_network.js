// The opponent: a network of objects, as the well-known playgrounds build it. One object a neuron, one a link, one
// sample at a time; derivatives add up in the objects until an update. Written for this benchmark. Unlike some of
// them it takes tanh's slope from the output and does not compute tanh again.

class Neuron {
  constructor(activation) {
    this.activation = activation;
    this.bias = 0;
    this.inputs = [];
    this.outputs = [];
    this.totalInput = 0;
    this.output = 0;
    this.inputDer = 0;
    this.outputDer = 0;
    this.biasDer = 0;
  }

  update() {
    this.totalInput = this.bias;
    for (let k = 0; k < this.inputs.length; k++) {
      const link = this.inputs[k];
      this.totalInput += link.weight * link.source.output;
    }
    this.output = this.activation.output(this.totalInput);
  }
}

class Link {
  constructor(source, target) {
    this.source = source;
    this.target = target;
    this.weight = 0;
    this.der = 0;
  }
}

const TANH = { output: (x) => Math.tanh(x), slope: (y) => 1 - y * y };
const LINEAR = { output: (x) => x, slope: () => 1 };

export class ObjectNetwork {
  constructor(sizes) {
    this.layers = sizes.map((n, l) => Array.from({ length: n }, () => new Neuron(l < sizes.length - 1 ? TANH : LINEAR)));
    this.seen = 0;
    for (let l = 1; l < sizes.length; l++) for (const target of this.layers[l]) for (const source of this.layers[l - 1]) {
      const link = new Link(source, target);
      source.outputs.push(link);
      target.inputs.push(link);
    }
  }

  // Weights and biases layer by layer, in the order of W (n_out, n_in) and b.
  set(params) {
    let k = 0;
    for (const layer of this.layers.slice(1)) {
      for (const neuron of layer) for (const link of neuron.inputs) link.weight = params[k++];
      for (const neuron of layer) neuron.bias = params[k++];
    }
  }

  gradients() {
    return this.layers.slice(1).flatMap((layer) => [
      ...layer.flatMap((neuron) => neuron.inputs.map((link) => link.der / this.seen)),
      ...layer.map((neuron) => neuron.biasDer / this.seen),
    ]);
  }

  forward(X, row) {
    const inputs = this.layers[0];
    for (let k = 0; k < inputs.length; k++) inputs[k].output = X[row * inputs.length + k];
    for (let l = 1; l < this.layers.length; l++) {
      const layer = this.layers[l];
      for (let k = 0; k < layer.length; k++) layer[k].update();
    }
  }

  // The loss of one sample is the mean of its squared errors.
  backward(y, row) {
    const last = this.layers[this.layers.length - 1];
    const n = last.length;
    for (let k = 0; k < n; k++) last[k].outputDer = (2 / n) * (last[k].output - y[row * n + k]);
    for (let l = this.layers.length - 1; l > 0; l--) {
      const layer = this.layers[l];
      for (let k = 0; k < layer.length; k++) {
        const neuron = layer[k];
        neuron.inputDer = neuron.outputDer * neuron.activation.slope(neuron.output);
        neuron.biasDer += neuron.inputDer;
        for (let i = 0; i < neuron.inputs.length; i++) neuron.inputs[i].der += neuron.inputDer * neuron.inputs[i].source.output;
      }
      if (l === 1) break;
      for (const neuron of this.layers[l - 1]) {
        neuron.outputDer = 0;
        for (let i = 0; i < neuron.outputs.length; i++) {
          neuron.outputDer += neuron.outputs[i].weight * neuron.outputs[i].target.inputDer;
        }
      }
    }
    this.seen++;
  }

  clear() {
    this.update(0);
  }

  update(rate) {
    for (let l = 1; l < this.layers.length; l++) for (const neuron of this.layers[l]) {
      neuron.bias -= (rate * neuron.biasDer) / this.seen;
      neuron.biasDer = 0;
      for (let i = 0; i < neuron.inputs.length; i++) {
        const link = neuron.inputs[i];
        link.weight -= (rate * link.der) / this.seen;
        link.der = 0;
      }
    }
    this.seen = 0;
  }
}
