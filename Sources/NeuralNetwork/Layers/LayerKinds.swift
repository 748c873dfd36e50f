/// All kinds of layers. A new kind is added here and nowhere else outside its own file.
package enum LayerKinds {
    package static let all: [any Layer.Type] = [
        Convolution2D.self, MaxPool2D.self, AveragePool2D.self, GlobalAveragePool2D.self, Flatten.self, Dense.self,
        Dropout.self, BatchNormalization.self, ActivationLayer.self, Resize.self, RepeatChannels.self, ZeroPad2D.self,
        LayerNormalization.self,
    ]
}
