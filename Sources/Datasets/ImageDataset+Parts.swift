extension ImageDataset {
    /// The samples in a range, counted from 0, under the same name. Throws `DatasetError.shape` when there are fewer.
    package func part(_ range: Range<Int>) throws(DatasetError) -> ImageDataset {
        guard !range.isEmpty, range.lowerBound >= 0, range.upperBound <= sampleCount else {
            throw .shape(
                name: name,
                problem: "samples \(range.lowerBound) to \(range.upperBound) (without the last) are asked for, of "
                    + "\(sampleCount): choose another range")
        }
        if range == 0..<sampleCount, validationCount == 0 { return self }
        let bytes = range.lowerBound * imageByteCount..<range.upperBound * imageByteCount
        return try ImageDataset(
            name: name, height: height, width: width, channels: channels, classNames: classNames,
            pixels: Array(pixels[bytes]), labels: Array(labels[range]))
    }

    /// What may be trained on, without samples that came from another set.
    package var trainingPart: ImageDataset {
        get throws(DatasetError) { try part(0..<sampleCount - validationCount) }
    }

    /// These samples and then those of `validation`, which are for validation only. Throws `DatasetError.shape` when the
    /// images have another size or other classes.
    package func joined(withValidation validation: ImageDataset) throws(DatasetError) -> ImageDataset {
        guard [height, width, channels] == [validation.height, validation.width, validation.channels],
            classNames == validation.classNames
        else {
            throw .shape(
                name: validation.name,
                problem: "it has \(validation.height)×\(validation.width)×\(validation.channels) images of "
                    + "\(validation.classNames.count) classes, the training images are \(height)×\(width)×\(channels) of "
                    + "\(classNames.count)")
        }
        return try ImageDataset(
            name: name, height: height, width: width, channels: channels, classNames: classNames,
            pixels: pixels + validation.pixels, labels: labels + validation.labels,
            validationCount: validation.sampleCount)
    }
}
