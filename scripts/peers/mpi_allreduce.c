// Times MPI_Allreduce over sizes in floats, given as arguments; rank 0 prints JSON as `selvedge bench allreduce --json` does.
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

enum { warm_up_count = 5, least_count = 20, most_count = 2000 };
static const double seconds_per_size = 0.5;

static int ascending(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

static double one(const float *values, float *sums, int count) {
    double start = MPI_Wtime();
    MPI_Allreduce(values, sums, count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    return MPI_Wtime() - start;
}

int main(int argument_count, char **arguments) {
    MPI_Init(&argument_count, &arguments);
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    static double seconds[most_count];
    if (rank == 0) printf("{\"sizes\": [");
    for (int argument = 1; argument < argument_count; argument++) {
        int floats = atoi(arguments[argument]);
        float *values = malloc(floats * sizeof(float)), *sums = malloc(floats * sizeof(float));
        for (int i = 0; i < floats; i++) values[i] = sums[i] = 1;
        double estimate = 1;
        for (int i = 0; i < warm_up_count; i++) estimate = one(values, sums, floats);
        int count = seconds_per_size / (estimate > 1e-6 ? estimate : 1e-6);
        count = count < least_count ? least_count : count > most_count ? most_count : count;
        // Every rank does as many as rank 0 decides.
        MPI_Bcast(&count, 1, MPI_INT, 0, MPI_COMM_WORLD);
        for (int i = 0; i < count; i++) seconds[i] = one(values, sums, floats);
        qsort(seconds, count, sizeof(double), ascending);
        double median = seconds[count / 2], late = seconds[(int)(0.99 * (count - 1))];
        if (rank == 0)
            printf("%s{\"floats\": %d, \"median_seconds\": %.9f, \"p99_seconds\": %.9f, \"gigabytes_per_second\": %.6f}",
                   argument > 1 ? ", " : "", floats, median, late, 4e-9 * floats / median);
        free(values);
        free(sums);
    }
    if (rank == 0) printf("]}\n");
    MPI_Finalize();
    return 0;
}
